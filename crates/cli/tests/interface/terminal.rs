//! A terminal that the program runs at, and a person who reads and types.

use std::{
    io::{Read, Write},
    os::fd::AsFd,
    process::{Child, Command},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use pty_process::blocking::{Pts, Pty};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, tcgetattr},
};

/// Key derivations on a busy machine are the longest wait.
const PATIENCE: Duration = Duration::from_secs(60);
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// The program, running at a terminal. It is killed with this value.
pub(crate) struct Terminal {
    program: Child,
    ours: Arc<Pty>,
    /// Kept open, so that the terminal outlives the program and can be asked how it was left.
    _theirs: Pts,
    shown: Arc<Mutex<Vec<u8>>>,
    read_up_to: usize,
}

impl Terminal {
    /// At a terminal that does not say how wide it is.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_with(0, command)
    }

    pub(crate) fn start_with(columns: u16, command: Command) -> Self {
        let (ours, theirs) = pty_process::blocking::open().unwrap();
        ours.resize(pty_process::Size::new(0, columns)).unwrap();
        let program = pty_process::blocking::Command::from(command).spawn_borrowed(&theirs).unwrap();
        let ours = Arc::new(ours);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (reader, screen) = (Arc::clone(&ours), Arc::clone(&shown));
        // Ends when the terminal is gone.
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = (&*reader).read(&mut bytes) {
                screen.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Self { program, ours, _theirs: theirs, shown, read_up_to: 0 }
    }

    /// Waits until these words are shown, after whatever was waited for before.
    #[track_caller]
    pub(crate) fn read_until(&mut self, words: &str) {
        let started = Instant::now();
        loop {
            let all = self.all();
            let fresh = all.get(self.read_up_to..).unwrap_or_default();
            if let Some(at) = fresh.find(words) {
                self.read_up_to += at + words.len();
                return;
            }
            assert!(started.elapsed() < PATIENCE, "no {words:?} in {all:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types a line.
    pub(crate) fn type_line(&self, text: &str) {
        self.press(&format!("{text}\n"));
    }

    pub(crate) fn press_ctrl_c(&self) {
        self.press(CTRL_C);
    }

    pub(crate) fn press_ctrl_d(&self) {
        self.press(CTRL_D);
    }

    fn press(&self, keys: &str) {
        (&*self.ours).write_all(keys.as_bytes()).unwrap();
    }

    /// Ends the program politely.
    pub(crate) fn terminate(&self) {
        self.send(Signal::TERM);
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.program), signal).unwrap();
    }

    /// The program's process id.
    pub(crate) fn process(&self) -> u32 {
        self.program.id()
    }

    /// Whether the terminal shows what is typed, as it does when nobody asks for a secret.
    pub(crate) fn echoes(&self) -> bool {
        let modes = tcgetattr(self.ours.as_fd()).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Waits until what is typed is hidden.
    #[track_caller]
    pub(crate) fn wait_for_hidden_typing(&self) {
        let started = Instant::now();
        while tcgetattr(self.ours.as_fd()).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(started.elapsed() < PATIENCE, "typing is shown");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end; gives the exit code and everything that was shown.
    #[track_caller]
    pub(crate) fn end(mut self) -> (i32, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "still running after {:?}", self.all());
            thread::sleep(Duration::from_millis(5));
        };
        assert!(self.echoes(), "the terminal was left in another state");
        // What was written last may still be on its way to the reader.
        let mut before = self.all();
        loop {
            thread::sleep(Duration::from_millis(50));
            let now = self.all();
            if now == before {
                break;
            }
            before = now;
        }
        (status.code().unwrap_or_else(|| panic!("{status:?} after {before:?}")), before)
    }

    fn all(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).replace("\r\n", "\n")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
