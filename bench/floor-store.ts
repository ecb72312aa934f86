// What the floor needs of a store: the least conceivable, and the same for both.

export type Row = { readonly url: string; readonly text: string };

/** A write of one resource: `text` undefined deletes it. Keys are `Type/id`. */
export type Write = { readonly key: string; readonly text: string | undefined };

export type FloorStore = {
  /** Text of a resource. */
  read(key: string): Promise<string | undefined> | string | undefined;
  /** Keeps all of it at once; durable in the way of the server when it resolves. */
  write(writes: readonly Write[]): Promise<void> | void;
  /** The entries of an answer to a search or history, in order. */
  rows(query: string): Promise<readonly Row[]> | readonly Row[];
  /** Lays down the entries that a query answers with. */
  loadRows(query: string, rows: readonly Row[]): Promise<void> | void;
  close(): Promise<void> | void;
};
