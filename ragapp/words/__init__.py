"""Every text in the languages of page, API and terminal; one file a language, see :mod:`ragapp.words.texts`."""
