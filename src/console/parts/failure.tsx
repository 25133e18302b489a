import { LedgerProblem, LedgerUnreachable } from '@license-ledger/client';
import { ChangedMeanwhile, ChangesAllTheTime } from '../session/send-unchanged.ts';
import { OtherUser } from '../session/session.ts';
import { texts } from '../texts/catalogue.ts';
import { Button } from './button.tsx';
import classes from './failure.module.css';

/** Returns what a failed request says to a person, in the words of the server. */
export const messageOf = (error: unknown): string => {
  if (error instanceof LedgerProblem) return error.problem.detail;
  if (error instanceof OtherUser) return texts.failure.otherUser;
  if (error instanceof ChangedMeanwhile) return texts.failure.changedMeanwhile;
  if (error instanceof ChangesAllTheTime) return texts.failure.changesAllTheTime;
  return error instanceof LedgerUnreachable ? texts.failure.unreachable : texts.failure.unexpected;
};

/** A failed request: what was wrong, the id to give to support, and another try where one may succeed. */
export const Failure = ({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => unknown }) => (
  <div role="alert" className={classes.failure}>
    <p className={classes.detail}>{messageOf(error)}</p>
    {error instanceof LedgerProblem && error.requestId !== '' && (
      <p className={classes.request}>
        {texts.failure.request} <code>{error.requestId}</code>
      </p>
    )}
    {onRetry !== undefined && <Button onClick={onRetry}>{texts.failure.retry}</Button>}
  </div>
);
