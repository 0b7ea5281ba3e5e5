-- Vowel signs are part of a word. What stood here is made anew by the rebuild that the new chunker asks for.
DROP TABLE lexical;
CREATE VIRTUAL TABLE lexical USING fts5(
    context, body, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
);
