import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useDeferredValue, useEffect, useEffectEvent, useState } from 'react';
import { isPermitted } from '../../domain/authority.ts';
import { permissions } from '../../domain/permissions.ts';
import { StatusBadge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { HolderName } from '../parts/holder-name.tsx';
import { Moment } from '../parts/moment.tsx';
import { useOrganizationId } from '../session/ledger.ts';
import { useOrganization } from '../session/own-organizations.ts';
import { useSession } from '../session/session-context.tsx';
import { texts } from '../texts/catalogue.ts';
import { eventName } from '../texts/event-sentences.ts';
import { findTexts } from '../texts/find-texts.ts';
import { historyTypeOf } from './activity/feed-entries.ts';
import classes from './find.module.css';
import { type EventHit, type Findings, findAnything, type Hit } from './find-anything.ts';

const textMin = 3;

/** The search for everything that a customer or a colleague may send. Enter opens the first result. */
const Find = ({ onClose }: { readonly onClose: () => void }) => {
  const [typed, setTyped] = useState('');
  const text = useDeferredValue(typed.trim());
  const organizationId = useOrganizationId();
  const navigate = useNavigate();
  const search = useFindings(text);
  const isCurrent = text.length >= textMin;
  const isWrong = isCurrent && search.data?.isWrong === true;
  const hits = isCurrent ? (search.data?.hits ?? []) : [];
  const event = isCurrent ? (search.data?.event ?? null) : null;
  const isReady = isCurrent && typed.trim() === text && search.isSuccess && !search.isPlaceholderData;
  const [first] = hits;
  /** The text for which Enter was pressed. Its results may come later. */
  const [entered, setEntered] = useState<string | null>(null);
  const open = useEffectEvent(() => {
    setEntered(null);
    if (event === null && first === undefined) return;
    onClose();
    if (event !== null) void navigate(placeOfEvent(event, organizationId));
    else if (first !== undefined) void navigate(placeOf(first, organizationId));
  });
  useEffect(() => {
    if (isReady && entered === text) open();
  }, [isReady, entered, text]);
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    setEntered(typed.trim());
  };
  const hasNone = isReady && !isWrong && hits.length === 0 && event === null;
  return (
    <Dialog title={texts.find.title} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField
          label={texts.find.label}
          fault={isWrong ? texts.find.badKey : undefined}
          value={typed}
          onChange={({ currentTarget: { value } }) => {
            setEntered(null);
            setTyped(value);
          }}
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
        />
      </form>
      {search.isError && isCurrent && <Failure error={search.error} onRetry={search.refetch} />}
      <ul className={classes.results}>
        {event !== null && (
          <li>
            <EventResult event={event} onOpen={onClose} />
          </li>
        )}
        {hits.map((hit) => (
          <li key={hit.license.id} className={classes.result}>
            <Result hit={hit} onOpen={onClose} />
          </li>
        ))}
      </ul>
      <p role="status" className={classes.soft}>
        {text.length < textMin && texts.find.start}
        {isCurrent && !isReady && !search.isError && texts.loading}
        {hasNone && texts.find.none}
      </p>
      <DialogActions>
        <Button onClick={onClose}>{texts.find.close}</Button>
      </DialogActions>
    </Dialog>
  );
};

const useFindings = (text: string) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const organization = useOrganization();
  const mayReadEvents =
    organization !== null && isPermitted({ kind: 'user', role: organization.role }, permissions.readEvents, 'own');
  return useQuery<Findings>({
    queryKey: [organizationId, 'find', text, mayReadEvents],
    queryFn: ({ signal }) => findAnything(text, { session, organizationId, mayReadEvents, signal }),
    enabled: text.length >= textMin,
    placeholderData: keepPreviousData,
  });
};

const to = '/$organizationId/licenses/$licenseId' as const;

/** Returns the address of a result: the license, at the device or the users by which it was found. */
const placeOf = ({ license: { id: licenseId }, part }: Hit, organizationId: string) => ({
  to,
  params: { organizationId, licenseId },
  ...(part === undefined ? {} : { hash: part }),
});

/** Returns the address of an event: its license at that instant, and the event in the history. */
const placeOfEvent = ({ id, subject, recordedtime }: EventHit, organizationId: string) => ({
  to,
  params: { organizationId, licenseId: subject },
  search: { at: new Date(recordedtime).toISOString() },
  hash: id,
});

const EventResult = ({ event, onOpen }: { readonly event: EventHit; readonly onOpen: () => void }) => {
  const organizationId = useOrganizationId();
  return (
    <Link className={classes.hit} {...placeOfEvent(event, organizationId)} onClick={onOpen}>
      <span>{eventName(historyTypeOf(event.type))}</span>
      <Moment at={event.recordedtime} />
      <span className={classes.by}>{findTexts.event}</span>
    </Link>
  );
};

const Result = ({ hit, onOpen }: { readonly hit: Hit; readonly onOpen: () => void }) => {
  const organizationId = useOrganizationId();
  const { license, matchedBy } = hit;
  const place = placeOf(hit, organizationId);
  return (
    <>
      <Link className={classes.hit} {...place} onClick={onOpen}>
        <code>{license.keyHint ?? license.id}</code>
        <StatusBadge status={license.effectiveStatus} />
        <span>{texts.tier[license.tier]}</span>
        {license.externalRef !== null && <span>{license.externalRef}</span>}
        {license.holderOrganizationId !== null && (
          <span>
            <HolderName holder={license.holderOrganizationId} />
          </span>
        )}
        <span className={classes.by}>{matchedBy.map((by) => texts.find.matched[by]).join(', ')}</span>
      </Link>
      <Link
        className={classes.why}
        to="/$organizationId/why"
        params={{ organizationId }}
        search={{ license: license.id }}
        aria-label={findTexts.whyOf(license.keyHint ?? license.id)}
        onClick={onOpen}
      >
        {findTexts.why}
      </Link>
    </>
  );
};

export default Find;
