/** Names by id. */
export type Names = ReadonlyMap<string, string>;

/**
 * Returns what reads one name by its id, or null where there is none. All that ask at one moment share the requests of
 * `readNames`, which gets at most `idsMax` ids.
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
