-- What the words of a chunk would be indexed under without their accents, each with its term; see index/analysis.py.
-- A catalog of before has none: `lexical_analysis` in `state` is missing, so its lexical index is made anew.
CREATE VIRTUAL TABLE plain_stems USING fts5(
    context, body, detail = none, columnsize = 0, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
);
