/** The tables of one release of a code system: a database file of its own, written once and then only read (ADR 0037). https://www.sqlite.org/lang_createtable.html */

/** Changes with the tables: a file of another layout is not read. */
export const RELEASE_LAYOUT = 1;

/** Names of a concept have numbers below this: `concept * NAMES + n` is the row of the word index. */
export const NAMES = 1024;

export const FLAG = { inactive: 1, abstract: 2 } as const;

/** Filled while a release is read. */
export const STAGING = `
CREATE TABLE concept (id INTEGER PRIMARY KEY, code TEXT NOT NULL, flags INTEGER NOT NULL, definition TEXT, properties TEXT);
CREATE TABLE staged (concept INTEGER, rank INTEGER, language TEXT, use TEXT, value TEXT);
`;

/** Filled when all of it has been read: sorted, so that every page is written once. */
export const FINAL = `
CREATE TABLE head (text TEXT NOT NULL);
CREATE TABLE designation (
  concept INTEGER, n INTEGER, language TEXT, use TEXT, value TEXT, PRIMARY KEY (concept, n)) WITHOUT ROWID;
CREATE TABLE above (id INTEGER PRIMARY KEY, parents BLOB, above BLOB, attributes BLOB);
CREATE TABLE below (id INTEGER PRIMARY KEY, children BLOB, below BLOB);
CREATE TABLE attribute (type INTEGER PRIMARY KEY, found BLOB);
CREATE TABLE concrete (type INTEGER, value TEXT, found BLOB, PRIMARY KEY (type, value)) WITHOUT ROWID;
CREATE TABLE property (code TEXT, value TEXT, found BLOB, PRIMARY KEY (code, value)) WITHOUT ROWID;
CREATE TABLE member (refset INTEGER PRIMARY KEY, found BLOB);
CREATE VIRTUAL TABLE word USING fts5(value, content='', detail=none, columnsize=0, prefix='1 2 3', tokenize="unicode61 remove_diacritics 2");
`;

export const SORTED_DESIGNATIONS = `
INSERT INTO designation (concept, n, language, use, value)
SELECT concept, min(row_number() OVER (PARTITION BY concept ORDER BY rank, rowid), ${NAMES}) - 1, language, use, value FROM staged ORDER BY concept, rank, rowid`;
