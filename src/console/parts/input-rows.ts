/** A row of inputs. Its id tells it from the others while rows are added and removed. */
export type Row = { readonly id: string; readonly [field: string]: string };

/** Returns a row with these texts. */
export const newRow = (fields: Readonly<Record<string, string>> = {}): Row => ({ ...fields, id: crypto.randomUUID() });
