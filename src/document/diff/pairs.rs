//! Which things of the new document are which of the old one.

use std::collections::{HashMap, VecDeque};
use std::mem;

/// Things of both documents, two by two as far as that goes.
#[derive(Debug)]
pub(super) struct Pairs<T> {
    pub(super) pairs: Vec<(T, T)>,
    pub(super) removed: Vec<T>,
    pub(super) added: Vec<T>,
}

impl<T> Pairs<T> {
    pub(super) fn new(old: Vec<T>, new: Vec<T>) -> Self {
        Self { pairs: Vec::new(), removed: old, added: new }
    }

    /// Pairs, in their order, what has the same key of all that is not paired yet. What has no key is left.
    pub(super) fn pair_by(
        mut self,
        old_key: impl Fn(&T) -> Option<String>,
        new_key: impl Fn(&T) -> Option<String>,
    ) -> Self {
        let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (index, thing) in self.added.iter().enumerate() {
            if let Some(key) = new_key(thing) {
                waiting.entry(key).or_default().push_back(index);
            }
        }
        let mut added: Vec<Option<T>> = self.added.into_iter().map(Some).collect();
        for thing in mem::take(&mut self.removed) {
            let index = old_key(&thing).and_then(|key| waiting.get_mut(&key)).and_then(VecDeque::pop_front);
            match index.and_then(|index| added.get_mut(index)).and_then(Option::take) {
                Some(counterpart) => self.pairs.push((thing, counterpart)),
                None => self.removed.push(thing),
            }
        }
        Self { added: added.into_iter().flatten().collect(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_keeps_its_order() {
        let key = |text: &&str| text.chars().next().map(String::from);
        let pairs = Pairs::new(vec!["a1", "b1", "a2", "a3", ""], vec!["c1", "a4", "", "a5", "d1"]).pair_by(key, key);
        assert_eq!(pairs.pairs, [("a1", "a4"), ("a2", "a5")]);
        assert_eq!(pairs.removed, ["b1", "a3", ""]);
        assert_eq!(pairs.added, ["c1", "", "d1"]);
    }
}
