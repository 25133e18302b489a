import { Metadata, type status } from '@grpc/grpc-js';

/** A status that ends a call. */
export type EndingStatus = { readonly code: status; readonly details: string; readonly metadata: Metadata };

/** What a method needs. `NOTHING`: clients call it before they send a login, and it tells nothing of the log. */
export type Right = 'NOTHING' | 'READ' | 'APPEND';

/** Returns what a method needs. A method that is not listed needs the right to append, also one of a later release. */
export const rightOf = (path: string): Right => rights.get(path) ?? 'APPEND';

const rights: ReadonlyMap<string, Right> = new Map([
  ['/event_store.client.server_features.ServerFeatures/GetSupportedMethods', 'NOTHING'],
  ['/event_store.client.gossip.Gossip/Read', 'NOTHING'],
  ['/event_store.client.streams.Streams/Read', 'READ'],
  ['/event_store.client.persistent_subscriptions.PersistentSubscriptions/List', 'READ'],
]);

/** Returns the status for a call. `exception`: the trailer by which clients distinguish errors. */
export const endingStatus = (code: status, details: string, exception?: 'access-denied'): EndingStatus => {
  const metadata = new Metadata();
  if (exception !== undefined) metadata.set('exception', exception);
  return { code, details, metadata };
};
