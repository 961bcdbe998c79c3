"""Makes MyofluxSans.ttf: the glyphs that figures and pages need, cut from DejaVu Sans 2.37.

    pip install fonttools==4.68.0
    python assets/fonts/make_font.py path/to/DejaVuSans.ttf

The result is committed; building myoflux needs neither this script nor DejaVu. The licence allows
changed fonts only under another name, so the font is renamed; see README.md beside this file.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

NAME = "Myoflux Sans"

# Whole blocks where people's names and units come from; single characters where a block is large.
BLOCKS = [
    (0x0020, 0x007E),  # Latin
    (0x00A0, 0x017F),  # Latin-1 and Latin Extended-A: ° ± ² ³ µ · × ø ł
    (0x0370, 0x03FF),  # Greek
    (0x2070, 0x209C),  # superscripts and subscripts
]
SINGLE = "ʰʲʳʷˡˢˣᵃᵇᵈᵉᵍᵏᵐᵒᵖᵗᵘᵛ‐‑‒–—‘’‚“”„†‡•…‰′″€ℓΩ←↑→↓↔⇌⊣∂∆∏∑−√∝∞∫≈≠≡≤≥≪≫⊥▲▼●○■□✓✗♀♂"


def main(source: str) -> None:
    font = TTFont(source)
    options = subset.Options()
    options.layout_features = []  # no ligatures: SVG viewers and our rasteriser set the same text
    options.legacy_kern = True
    options.hinting = False
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "MATH", "gasp", "FFTM"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    cut = subset.Subsetter(options)
    wanted = {code for first, last in BLOCKS for code in range(first, last + 1)}
    cut.populate(unicodes=wanted | {ord(character) for character in SINGLE})
    cut.subset(font)
    rename(font)
    # The time of making is no part of the font: the same source gives the same bytes.
    font.recalcTimestamp = False
    font.save(Path(__file__).with_name("MyofluxSans.ttf"))


def rename(font: TTFont) -> None:
    names = {1: NAME, 3: f"{NAME} 1", 4: NAME, 6: NAME.replace(" ", ""), 16: NAME}
    for record in list(font["name"].names):
        if record.nameID in names:
            font["name"].setName(
                names[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID
            )
        elif record.nameID not in (0, 2, 5, 13, 14, 17):
            font["name"].removeNames(nameID=record.nameID)


if __name__ == "__main__":
    main(sys.argv[1])
