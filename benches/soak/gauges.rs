//! What must not grow: resident memory, open files, tasks.

use tokio::runtime::Handle;

/// One look at the process. What this system does not tell is missing.
pub(crate) struct Sample {
    /// In KiB.
    resident: Option<u64>,
    files: Option<u64>,
    tasks: Option<u64>,
}

impl Sample {
    pub(crate) fn take() -> Self {
        Self { resident: resident(), files: files(), tasks: Some(tasks()) }
    }
}

pub(crate) fn tasks() -> u64 {
    Handle::current().metrics().num_alive_tasks() as u64
}

#[cfg(target_os = "linux")]
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(target_os = "linux")]
fn files() -> Option<u64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as u64)
}

#[cfg(not(target_os = "linux"))]
fn resident() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn files() -> Option<u64> {
    None
}

/// What a gauge showed.
#[derive(Clone, Copy)]
pub(crate) struct Trend {
    /// The median of each quarter of the time. In the first, all gets warm.
    pub(crate) quarters: [u64; 4],
    pub(crate) highest: u64,
}

impl Trend {
    pub(crate) fn resident(samples: &[Sample]) -> Option<Self> {
        Self::of(samples.iter().map(|sample| sample.resident).collect())
    }

    pub(crate) fn files(samples: &[Sample]) -> Option<Self> {
        Self::of(samples.iter().map(|sample| sample.files).collect())
    }

    pub(crate) fn tasks(samples: &[Sample]) -> Option<Self> {
        Self::of(samples.iter().map(|sample| sample.tasks).collect())
    }

    /// Compares the last quarter with the second.
    pub(crate) fn ratio(self) -> f64 {
        let [_, second, _, last] = self.quarters;
        last as f64 / second as f64
    }

    pub(crate) fn growth(self) -> u64 {
        let [_, second, _, last] = self.quarters;
        last.saturating_sub(second)
    }

    fn of(figures: Option<Vec<u64>>) -> Option<Self> {
        let figures = figures?;
        let quarter = figures.len() / 4;
        let mut quarters = [0; 4];
        for (median, figures) in quarters.iter_mut().zip(figures.chunks(quarter)) {
            *median = median_of(figures)?;
        }
        Some(Self { quarters, highest: figures.iter().copied().max()? })
    }
}

fn median_of(figures: &[u64]) -> Option<u64> {
    let mut figures = figures.to_vec();
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied()
}
