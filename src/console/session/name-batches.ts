/** Names by id. */
export type Names = ReadonlyMap<string, string>;

/**
 * Returns a function that reads the name of an id, and returns null for an id without a name. Calls at the same moment share
 * one request of `readNames`, or several when they have more than `idsMax` ids.
 */
export const createNameBatches = (
  readNames: (ids: readonly string[]) => Promise<Names>,
  idsMax: number,
): ((id: string) => Promise<string | null>) => {
  let open: { readonly ids: Set<string>; readonly names: Promise<Names> } | null = null;
  const opened = () => {
    const ids = new Set<string>();
    const moment = new Promise<void>((resolve) => {
      setTimeout(resolve);
    });
    const names = moment.then(() => {
      if (open?.ids === ids) open = null;
      return readNames([...ids]);
    });
    open = { ids, names };
    return open;
  };
  return async (id) => {
    const batch = open !== null && open.ids.size < idsMax ? open : opened();
    batch.ids.add(id);
    return (await batch.names).get(id) ?? null;
  };
};
