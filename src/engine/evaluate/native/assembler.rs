//! Vector instructions as bytes: what the translation of a tape needs, and no more.
//!
//! Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.3
//! (VEX) and 2.7 (EVEX). Slots are addressed from `rdi`, the masks of [`CONSTANTS`] from `rsi`.

/// How many numbers one instruction works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vector {
    /// One, in the low part of a register: AVX.
    Scalar,
    /// Four: AVX.
    Four,
    /// Eight: AVX-512 F and DQ.
    Eight,
}

impl Vector {
    pub fn lanes(self) -> usize {
        match self {
            Vector::Scalar => 1,
            Vector::Four => 4,
            Vector::Eight => 8,
        }
    }

    pub fn registers(self) -> usize {
        match self {
            Vector::Scalar | Vector::Four => 16,
            Vector::Eight => 32,
        }
    }
}

/// Bit patterns that instructions read, each for the widest vector.
#[repr(C, align(64))]
pub struct Constants([[u64; 8]; 4]);

pub static CONSTANTS: Constants = Constants([
    [1 << 63; 8],
    [!(1 << 63); 8],
    [0x3ff0_0000_0000_0000; 8],
    [0; 8],
]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    Sign,
    AllButSign,
    One,
    Zero,
}

/// Where an instruction's last argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    Register(u8),
    Slot(u32),
    Constant(Constant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add = 0x58,
    Multiply = 0x59,
    Subtract = 0x5c,
    Minimum = 0x5d,
    Divide = 0x5e,
    Maximum = 0x5f,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Unordered = 0x03,
    /// Not equal, or not comparable.
    NotEqual = 0x04,
    Less = 0x11,
    LessOrEqual = 0x12,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bitwise {
    And = 0x54,
    ExclusiveOr = 0x57,
}

/// Mandatory prefixes of an opcode.
const P66: u8 = 1;
const PF2: u8 = 3;
/// Opcode maps.
const MAP_0F: u8 = 1;
const MAP_0F38: u8 = 2;
const MAP_0F3A: u8 = 3;

/// One instruction: `register`, `first`, `last` are its operands in the order of the manual.
struct Encoding {
    prefix: u8,
    map: u8,
    opcode: u8,
    register: u8,
    first: u8,
    last: Operand,
    immediate: Option<u8>,
    /// Lanes that mask register 1 leaves out: `None` writes all.
    masked: Option<Masked>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Masked {
    Keep,
    Zero,
}

impl Encoding {
    fn new(prefix: u8, opcode: u8, register: u8, first: u8, last: Operand) -> Encoding {
        Encoding {
            prefix,
            map: MAP_0F,
            opcode,
            register,
            first,
            last,
            immediate: None,
            masked: None,
        }
    }
}

/// Machine code in the making.
pub struct Assembler {
    pub code: Vec<u8>,
    vector: Vector,
    /// Bytes from one slot to the next.
    stride: usize,
}

impl Assembler {
    /// For slots of `width` numbers.
    pub fn new(vector: Vector, width: usize) -> Assembler {
        Assembler {
            code: Vec::new(),
            vector,
            stride: 8 * width,
        }
    }

    pub fn load(&mut self, to: u8, slot: u32) {
        self.emit(&Encoding::new(
            self.moving(),
            0x10,
            to,
            0,
            Operand::Slot(slot),
        ));
    }

    pub fn store(&mut self, slot: u32, from: u8) {
        let to = Operand::Slot(slot);
        self.emit(&Encoding::new(self.moving(), 0x11, from, 0, to));
    }

    /// `to = a ∘ b`; the smaller and the larger of two as the processor defines them.
    pub fn arithmetic(&mut self, what: Arithmetic, to: u8, a: u8, b: Operand) {
        self.emit(&Encoding::new(self.moving(), what as u8, to, a, b));
    }

    pub fn square_root(&mut self, to: u8, of: u8) {
        // The scalar form takes its idle upper half from a second register.
        let first = if self.vector == Vector::Scalar { of } else { 0 };
        let of = Operand::Register(of);
        self.emit(&Encoding::new(self.moving(), 0x51, to, first, of));
    }

    pub fn bitwise(&mut self, what: Bitwise, to: u8, a: u8, b: Constant) {
        let b = Operand::Constant(b);
        self.emit(&Encoding::new(P66, what as u8, to, a, b));
    }

    /// `to = a ∘ b` as 1 or 0.
    pub fn truth(&mut self, what: Comparison, to: u8, a: u8, b: Operand) {
        self.compare(what, to, a, b);
        if self.vector == Vector::Eight {
            let one = Operand::Constant(Constant::One);
            let mut load = Encoding::new(P66, 0x10, to, 0, one);
            load.masked = Some(Masked::Zero);
            self.emit(&load);
        } else {
            self.bitwise(Bitwise::And, to, to, Constant::One);
        }
    }

    /// `to = if a ∘ b { yes } else { no }`; `scratch` and `to` are none of the others.
    #[allow(clippy::too_many_arguments, reason = "one per register")]
    pub fn choose(
        &mut self,
        what: Comparison,
        a: u8,
        b: Operand,
        [yes, no]: [u8; 2],
        to: u8,
        scratch: u8,
    ) {
        self.compare(what, scratch, a, b);
        let chosen = Operand::Register(yes);
        let mut blend = Encoding::new(P66, 0x4b, to, no, chosen);
        if self.vector == Vector::Eight {
            (blend.map, blend.opcode, blend.masked) = (MAP_0F38, 0x65, Some(Masked::Keep));
        } else {
            (blend.map, blend.immediate) = (MAP_0F3A, Some(scratch << 4));
        }
        self.emit(&blend);
    }

    /// Leaves the answer in mask register 1 where there are masks, as bits of `to` elsewhere.
    fn compare(&mut self, what: Comparison, to: u8, a: u8, b: Operand) {
        let to = if self.vector == Vector::Eight { 1 } else { to };
        let mut compare = Encoding::new(self.moving(), 0xc2, to, a, b);
        compare.immediate = Some(what as u8);
        self.emit(&compare);
    }

    /// Back to the caller, upper halves of the registers cleared.
    pub fn finish(&mut self) {
        if self.vector != Vector::Scalar {
            self.code.extend([0xc5, 0xf8, 0x77]);
        }
        self.code.push(0xc3);
    }

    /// Prefix of instructions that exist for one number and for many.
    fn moving(&self) -> u8 {
        if self.vector == Vector::Scalar {
            PF2
        } else {
            P66
        }
    }

    fn emit(&mut self, encoding: &Encoding) {
        let last = match encoding.last {
            Operand::Register(register) => register,
            _ => 0,
        };
        if self.vector == Vector::Eight {
            self.evex(encoding, last);
        } else {
            self.vex(encoding, last);
        }
        self.code.push(encoding.opcode);
        self.address(encoding);
        self.code.extend(encoding.immediate);
    }

    fn vex(&mut self, e: &Encoding, last: u8) {
        let not = |bit: u8| u8::from(bit == 0);
        let long = u8::from(self.vector == Vector::Four);
        let tail = ((!e.first & 15) << 3) | (long << 2) | e.prefix;
        let register = not(e.register >> 3) << 7;
        if last < 8 && e.map == MAP_0F {
            self.code.extend([0xc5, register | tail]);
        } else {
            let second = register | 0x40 | (not(last >> 3) << 5) | e.map;
            self.code.extend([0xc4, second, tail]);
        }
    }

    fn evex(&mut self, e: &Encoding, last: u8) {
        let not = |bit: u8| u8::from(bit & 1 == 0);
        let first = (not(e.register >> 3) << 7)
            | (not(last >> 4) << 6)
            | (not(last >> 3) << 5)
            | (not(e.register >> 4) << 4)
            | e.map;
        let second = 0x80 | ((!e.first & 15) << 3) | 4 | e.prefix;
        let (zero, mask) = match e.masked {
            None => (0, 0),
            Some(Masked::Keep) => (0, 1),
            Some(Masked::Zero) => (0x80, 1),
        };
        let third = zero | 0x40 | (not(e.first >> 4) << 3) | mask;
        self.code.extend([0x62, first, second, third]);
    }

    /// The byte that names register and memory, and the distance.
    fn address(&mut self, e: &Encoding) {
        let register = (e.register & 7) << 3;
        let (base, distance) = match e.last {
            Operand::Register(last) => {
                self.code.push(0xc0 | register | (last & 7));
                return;
            }
            Operand::Slot(slot) => (7, slot as usize * self.stride),
            Operand::Constant(constant) => (6, constant as usize * 64),
        };
        // A short distance counts in whole vectors in the long encoding, in bytes in the other.
        let unit = if self.vector == Vector::Eight { 64 } else { 1 };
        match i8::try_from(distance / unit) {
            Ok(short) if distance % unit == 0 => {
                self.code.extend([0x40 | register | base, short as u8]);
            }
            _ => {
                self.code.push(0x80 | register | base);
                let distance = i32::try_from(distance).expect("tapes address less than 2 GiB");
                self.code.extend(distance.to_le_bytes());
            }
        }
    }
}
