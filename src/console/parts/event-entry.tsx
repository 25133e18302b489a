import type { ReactNode } from 'react';
import { texts } from '../texts/catalogue.ts';
import { sentenceOf } from '../texts/event-sentences.ts';
import type { LicenseEvent } from '../types.ts';
import { Author } from './author.tsx';
import classes from './event-entry.module.css';
import { ProofLink } from './proof-link.tsx';

/** Events in their order. */
export const EventList = ({ children }: { readonly children: ReactNode }) => (
  <ol className={classes.events}>{children}</ol>
);

/** An event as a sentence, with its author, its reason and its JSON. `when`: its instant, as a link for example. */
export const EventEntry = ({
  event,
  json = event,
  when,
  isLater = false,
  isOwn = false,
  children,
}: {
  readonly event: Pick<LicenseEvent, 'id' | 'type' | 'data' | 'actor' | 'reason'>;
  readonly json?: object;
  readonly when: ReactNode;
  /** It is later than the instant that the page shows. */
  readonly isLater?: boolean;
  /** It is in the log of the organization, which proves it. */
  readonly isOwn?: boolean;
  readonly children?: ReactNode;
}) => {
  const { id, actor, reason } = event;
  const names = texts.time;
  return (
    <li id={id} className={classes.event} data-later={isLater} tabIndex={-1}>
      <div>{when}</div>
      <div className={classes.body}>
        <p>
          {sentenceOf(event)}
          {isLater && <span className={classes.soft}> {names.happensLater}</span>}
        </p>
        <p className={classes.soft}>
          {names.by} <Author actor={actor} />
          {reason !== null && reason !== undefined && `: ${[reason.code, reason.text].filter(Boolean).join(', ')}`}
        </p>
        {children}
        {isOwn && (
          <p>
            <ProofLink eventId={id} />
          </p>
        )}
        <details>
          <summary className={classes.soft}>{names.details}</summary>
          <pre className={classes.json}>{JSON.stringify(json, null, 2)}</pre>
        </details>
      </div>
    </li>
  );
};
