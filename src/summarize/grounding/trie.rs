//! Units as a trie over their bytes: what the automaton walks through.

/// What a unit is; it decides what may stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// An ordinary word.
    Word,
    /// A person, organisation or place, whole or as its short form.
    Name,
    /// A number, date or amount with its unit, or a quotation with its marks.
    Span,
    /// A quotation with a stop inside: the sentence ends with it.
    Last,
}

/// A node's index.
pub(super) type NodeId = u16;

/// A set of byte strings.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// A unit for which there is no room is not kept.
    most_nodes: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by byte.
    children: Vec<(u8, NodeId)>,
    /// The kinds of the units that end here.
    ends: Vec<Kind>,
    last_byte: u8,
}

impl Trie {
    /// A trie with so many roots, numbered from 0, and at most so many nodes.
    pub(super) fn new(roots: NodeId, most_nodes: usize) -> Self {
        Self {
            nodes: (0..roots).map(|_| Node::default()).collect(),
            most_nodes: most_nodes.min(usize::from(NodeId::MAX)),
        }
    }

    /// Puts a unit under a root; nothing happens when the trie is full.
    pub(super) fn insert(&mut self, root: NodeId, unit: &str, kind: Kind) {
        if self.nodes.len() + unit.len() > self.most_nodes {
            return;
        }
        let mut at = root;
        for byte in unit.bytes() {
            at = self.child_or_new(at, byte);
        }
        if let Some(node) = self.nodes.get_mut(usize::from(at))
            && !node.ends.contains(&kind)
        {
            node.ends.push(kind);
        }
    }

    /// The node that a byte leads to.
    pub(super) fn child(&self, at: NodeId, byte: u8) -> Option<NodeId> {
        let children = &self.nodes.get(usize::from(at))?.children;
        let found = children.binary_search_by_key(&byte, |(byte, _)| *byte).ok()?;
        children.get(found).map(|(_, id)| *id)
    }

    /// The kinds of the units that end at a node.
    pub(super) fn ends(&self, at: NodeId) -> &[Kind] {
        self.nodes.get(usize::from(at)).map_or(&[], |node| &node.ends)
    }

    /// The byte that leads to a node.
    pub(super) fn last_byte(&self, at: NodeId) -> u8 {
        self.nodes.get(usize::from(at)).map_or(0, |node| node.last_byte)
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn child_or_new(&mut self, at: NodeId, byte: u8) -> NodeId {
        if let Some(child) = self.child(at, byte) {
            return child;
        }
        // `insert` keeps the number of nodes below the type's limit.
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        self.nodes.push(Node {
            last_byte: byte,
            ..Node::default()
        });
        if let Some(node) = self.nodes.get_mut(usize::from(at)) {
            let place = node.children.partition_point(|(other, _)| *other < byte);
            node.children.insert(place, (byte, id));
        }
        id
    }
}
