"""Documents of a tileset and the node table that they become."""
