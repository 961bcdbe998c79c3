//! Files on disk: whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

/// A file that could not be written.
#[derive(Debug)]
pub struct WriteError {
    pub path: PathBuf,
    pub error: std::io::Error,
}

/// Writes `dir/name` by way of a temporary file beside it, so that a full disk leaves the old file or
/// none, never a part.
///
/// # Errors
/// What the system refused, with the file's path.
pub fn whole(dir: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, WriteError> {
    let path = dir.join(name);
    let fail = |error| WriteError {
        path: path.clone(),
        error,
    };
    let folder = path.parent().unwrap_or(dir);
    std::fs::create_dir_all(folder).map_err(fail)?;
    let file_name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let part = folder.join(format!(".{file_name}.part"));
    let written = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    match written.and_then(|()| std::fs::rename(&part, &path)) {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = std::fs::remove_file(&part);
            Err(WriteError { path, error })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_file_is_whole_or_absent() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(whole(dir.path(), "a/b.csv", b"x\n").is_ok());
        // `a` is a folder: it cannot become a file, and nothing is left beside it.
        assert!(whole(dir.path(), "a", b"y").is_err());
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .expect("readable")
            .flatten()
            .collect();
        assert_eq!(left.len(), 1);
    }
}
