//! A program that is called as pip is: it brings a wheel that the test packed, or fails, and remembers how often.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Notes its arguments, finds the folder that the wheel has to go to, and copies it there.
const BRINGS_A_WHEEL: &str = r#"
here=$(dirname "$0")
echo "$@" >> "$here/calls"
while [ "$1" != --dest ]; do shift; done
cp "$here/made_up-1.0-py3-none-any.whl" "$2/"
"#;

const WHEEL: &str = "made_up-1.0-py3-none-any.whl";

/// The program and its memory.
pub struct Pip {
    folder: TempDir,
}

impl Pip {
    /// It brings a wheel with these members.
    pub fn with_members(members: &[(&str, &[u8])]) -> Self {
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        Self::with_wheel(&zip.finish().unwrap().into_inner())
    }

    /// It brings these bytes as a wheel.
    pub fn with_wheel(bytes: &[u8]) -> Self {
        let pip = Self::running(BRINGS_A_WHEEL);
        std::fs::write(pip.folder.path().join(WHEEL), bytes).unwrap();
        pip
    }

    /// Alters a byte of the wheel that it brings.
    pub fn damage_wheel(&self, at: usize) {
        let path = self.folder.path().join(WHEEL);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at] ^= 0xff;
        std::fs::write(path, bytes).unwrap();
    }

    /// It says this and fails.
    pub fn failing(complaint: &str) -> Self {
        let script = format!("echo x >> \"$(dirname \"$0\")/calls\"\necho '{complaint}' >&2\nexit 1\n");
        Self::running(&script)
    }

    fn running(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pip.sh"), script).unwrap();
        Self { folder }
    }

    /// The command lines that run it.
    pub fn commands(&self) -> Vec<Vec<OsString>> {
        vec![self.command()]
    }

    /// The command line that runs it.
    pub fn command(&self) -> Vec<OsString> {
        vec!["sh".into(), self.folder.path().join("pip.sh").into()]
    }

    /// The arguments of each call so far.
    pub fn calls(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }
}

/// Puts programs that answer as pip of a machine without network into a folder, for `PATH`.
pub fn pythons_without_network(folder: &Path) {
    for name in ["python3", "python"] {
        let path = folder.join(name);
        std::fs::write(
            &path,
            "#!/bin/sh\necho 'ERROR: no matching distribution' >&2\nexit 1\n",
        )
        .unwrap();
        make_executable(&path);
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) {}
