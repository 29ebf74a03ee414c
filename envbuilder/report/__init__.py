"""What an audit has to say: the data of a report, and one module per output format."""
