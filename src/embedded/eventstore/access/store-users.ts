import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { digestOf, isSameDigest } from './password-digest.ts';
import type { StoreLogin } from './store-access.ts';

/** A user whose password was right. */
export type StoreUser = { readonly name: string; readonly mayAppend: boolean };

/** The users of a server: the login of the product, and those in the table `eventstore.users`. */
export type StoreUsers = {
  /**
   * Returns the user of a login, or null when the password is wrong. The answer for the product's login comes at once and
   * needs no database. Another one rests on a list that is at most `listMsMax` old, and a refusal on one that was read
   * after the call began.
   */
  find(login: StoreLogin): StoreUser | null | Promise<StoreUser | null>;
  /** Calls `end` when the user was removed or got another password. Returns a function that stops that. */
  watch(user: StoreUser, end: () => void): () => void;
  close(): void;
};

/** How old the list of users may be. A removed user is let in no longer than that, and its open calls end then. */
export const listMsMax = 1_000;

type ListedUser = StoreUser & { readonly digest: Uint8Array };

/** Opens the users of a server. `login`: that of the product. */
export const openStoreUsers = (login: StoreLogin, db: Pick<Pool, 'query'>): StoreUsers => {
  const owner: ListedUser = { name: login.name, mayAppend: true, digest: digestOf(login.password) };
  const list = createUserList(db);
  const watched = createWatch(list);

  return {
    find: ({ name, password }) => {
      const digest = digestOf(password);
      if (name === owner.name) return isSameDigest(digest, owner.digest) ? owner : null;
      const select = (users: ReadonlyMap<string, ListedUser>) => {
        const user = users.get(name);
        return user !== undefined && isSameDigest(digest, user.digest) ? user : null;
      };
      const fresh = list.fresh();
      const user = fresh === null ? null : select(fresh);
      // A user who is not in the list may have been added a moment ago, also while another call read it.
      const again = () => list.readAgain().then(select);
      return user ?? (fresh === null ? list.read().then(async (users) => select(users) ?? again()) : again());
    },
    watch: (user, end) => (user === owner ? () => {} : watched.add(user, end)),
    close: watched.close,
  };
};

/** The users in the table. */
type UserList = {
  /** Returns the list when it is young enough, otherwise null. */
  fresh(): ReadonlyMap<string, ListedUser> | null;
  read(): Promise<ReadonlyMap<string, ListedUser>>;
  /** Returns a list whose reading begins after this call. Wrong logins cause at most one reading in `readAgainMs`. */
  readAgain(): Promise<ReadonlyMap<string, ListedUser>>;
};

const readAgainMs = 50;

const createUserList = (db: Pick<Pool, 'query'>): UserList => {
  let users: ReadonlyMap<string, ListedUser> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<ReadonlyMap<string, ListedUser>> | null = null;
  let readingAgain: Promise<ReadonlyMap<string, ListedUser>> | null = null;

  const read = async () => {
    const beganAt = performance.now();
    const { rows } = await db.query<{ name: string; may_append: boolean; password_sha256: Buffer }>(
      'select name, may_append, password_sha256 from eventstore.users',
    );
    users = new Map(
      rows.map((row) => [row.name, { name: row.name, mayAppend: row.may_append, digest: row.password_sha256 }]),
    );
    readAt = beganAt;
    return users;
  };

  return {
    fresh: () => (performance.now() - readAt < listMsMax ? users : null),
    read: () => {
      reading ??= read().finally(() => {
        reading = null;
      });
      return reading;
    },
    readAgain: () => {
      readingAgain ??= delay(Math.max(0, readAt + readAgainMs - performance.now())).then(() => {
        readingAgain = null;
        return read();
      });
      return readingAgain;
    },
  };
};

/** Ends the calls of users who are no longer in the list. Reads the list only while such users have open calls. */
const createWatch = (list: UserList) => {
  const open = new Set<{ readonly user: ListedUser; readonly end: () => void }>();
  let timer: NodeJS.Timeout | undefined;

  const check = async () => {
    const users = await list.read();
    for (const call of [...open]) {
      const now = users.get(call.user.name);
      const isSame =
        now !== undefined && isSameDigest(now.digest, call.user.digest) && now.mayAppend === call.user.mayAppend;
      if (!isSame) call.end();
    }
  };
  const close = () => {
    clearInterval(timer);
    timer = undefined;
  };

  return {
    add: (user: StoreUser, end: () => void) => {
      if (!isListed(user)) return () => {};
      const call = { user, end };
      open.add(call);
      // A database that does not answer ends the server itself, so a failed check is repeated.
      timer ??= setInterval(() => void check().catch(() => {}), listMsMax).unref();
      return () => {
        open.delete(call);
        if (open.size === 0) close();
      };
    },
    close,
  };
};

const isListed = (user: StoreUser): user is ListedUser => 'digest' in user;
