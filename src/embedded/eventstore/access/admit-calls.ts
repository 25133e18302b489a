import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { parseBasic } from './basic-credentials.ts';
import { type EndingStatus, endingStatus, type Right, rightOf } from './call-rights.ts';
import type { StoreLogin } from './store-access.ts';
import type { StoreUser, StoreUsers } from './store-users.ts';
import type { WrongLogins } from './wrong-logins.ts';

type Needs = {
  readonly users: StoreUsers;
  readonly wrongLogins: WrongLogins;
  readonly onError: (error: unknown) => void;
};

/**
 * Returns the interceptor that checks the login of every call, whatever service it is of. A call without a login that
 * works ends with UNAUTHENTICATED before its handler runs, and one without the right with PERMISSION_DENIED. A call of a
 * user who is removed ends, too.
 */
export const admitCalls =
  (needs: Needs): ServerInterceptor =>
  ({ path }, call) => {
    const right = rightOf(path);
    let isOver = false;
    let leave = () => {};
    const end = (answer: EndingStatus) => {
      if (!isOver) call.sendStatus(answer);
    };
    const admit = (user: StoreUser | null, proceed: () => void) => {
      if (isOver) return;
      const refusal = refusalOf(user, right, () => needs.wrongLogins.count(addressOf(call.getPeer())));
      if (user === null || refusal !== null) return end(refusal ?? withoutLogin);
      leave = needs.users.watch(user, () => end(removed));
      proceed();
    };
    const check = (metadata: Metadata, proceed: () => void) => {
      const login = loginOf(metadata);
      if (login === null) return end(withoutLogin);
      const user = needs.users.find(login);
      if (!(user instanceof Promise)) return admit(user, proceed);
      user.then(
        (listed) => admit(listed, proceed),
        (error) => {
          needs.onError(error);
          end(failed);
        },
      );
    };

    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) =>
            right === 'NOTHING' ? pass(metadata) : check(metadata, () => pass(metadata)),
          // Comes at the end of every call, however it ends.
          onCancel: () => {
            isOver = true;
            leave();
          },
        }),
    });
  };

const refusalOf = (user: StoreUser | null, right: Right, countWrong: () => 'FEW' | 'MANY'): EndingStatus | null => {
  if (user === null) return countWrong() === 'MANY' ? tooManyWrong : wrongLogin;
  return right === 'APPEND' && !user.mayAppend ? readOnly : null;
};

const loginOf = (metadata: Metadata): StoreLogin | null => {
  const [authorization] = metadata.get('authorization');
  return authorization === undefined ? null : parseBasic(authorization.toString());
};

/** Returns the address in `address:port`, without the port, which changes with each connection. */
const addressOf = (peer: string): string => peer.replace(/:\d+$/, '');

const withoutLogin = endingStatus(
  status.UNAUTHENTICATED,
  'This event store needs a login: access denied. Add user:password@ to the URL. An administrator creates users with ledger eventstore users add.',
);
const wrongLogin = endingStatus(
  status.UNAUTHENTICATED,
  'The user or the password is wrong: access denied. Correct user:password@ in the URL.',
);
const tooManyWrong = endingStatus(
  status.RESOURCE_EXHAUSTED,
  'Too many wrong logins came from this address: access denied. Correct user:password@ in the URL, and wait 10 seconds.',
);
const readOnly = endingStatus(
  status.PERMISSION_DENIED,
  'This user may only read: access denied. An administrator creates a user who may append with ledger eventstore users add --append.',
  'access-denied',
);
const removed = endingStatus(
  status.UNAUTHENTICATED,
  'This user was removed, or has another password now: access denied.',
);
const failed = endingStatus(status.INTERNAL, 'The event store failed; see its log');
