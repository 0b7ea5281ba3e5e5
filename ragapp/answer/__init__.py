"""From a question to an answer that is checked against the documents."""
