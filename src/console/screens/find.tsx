import type { AnswerOf } from '@license-ledger/client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useDeferredValue, useState } from 'react';
import { StatusBadge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { useOrganizationId } from '../session/ledger.ts';
import { useSession } from '../session/session-context.tsx';
import { texts } from '../texts/catalogue.ts';
import classes from './find.module.css';
import { hasTypingError } from './key-check.ts';

const textMin = 3;

type Hit = AnswerOf<'searchLicenses'>['data'][number];

/** The search for a license by anything that a customer may send. Enter opens the first result. */
const Find = ({ onClose }: { readonly onClose: () => void }) => {
  const [typed, setTyped] = useState('');
  const text = useDeferredValue(typed.trim());
  const organizationId = useOrganizationId();
  const session = useSession();
  const navigate = useNavigate();
  const search = useQuery({
    queryKey: [organizationId, 'searchLicenses', text],
    queryFn: async ({ signal }) => {
      if (await hasTypingError(text)) return { data: [], isWrong: true };
      const { data } = await session.call(organizationId, 'searchLicenses', { body: { text, limit: 10 } }, { signal });
      return { ...data, isWrong: false };
    },
    enabled: text.length >= textMin,
    placeholderData: keepPreviousData,
  });
  const isCurrent = text.length >= textMin;
  const isWrong = isCurrent && search.data?.isWrong === true;
  const hits = isCurrent ? (search.data?.data ?? []) : [];
  const open = (event: FormEvent) => {
    event.preventDefault();
    const [first] = hits;
    if (first === undefined || search.isPlaceholderData) return;
    onClose();
    void navigate({
      to: '/$organizationId/licenses/$licenseId',
      params: { organizationId, licenseId: first.license.id },
    });
  };
  return (
    <Dialog title={texts.find.title} onClose={onClose}>
      <form onSubmit={open}>
        <TextField
          label={texts.find.label}
          fault={isWrong ? texts.find.badKey : undefined}
          value={typed}
          onChange={({ currentTarget: { value } }) => setTyped(value)}
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
        />
      </form>
      {search.isError && isCurrent && <Failure error={search.error} onRetry={search.refetch} />}
      <ul className={classes.results}>
        {hits.map((hit) => (
          <li key={hit.license.id}>
            <Result hit={hit} onOpen={onClose} />
          </li>
        ))}
      </ul>
      <p role="status" className={classes.soft}>
        {text.length < textMin && texts.find.start}
        {isCurrent && search.isPending && texts.loading}
        {isCurrent && search.isSuccess && !isWrong && hits.length === 0 && texts.find.none}
      </p>
      <DialogActions>
        <Button onClick={onClose}>{texts.find.close}</Button>
      </DialogActions>
    </Dialog>
  );
};

const Result = ({ hit: { license, matchedBy }, onOpen }: { readonly hit: Hit; readonly onOpen: () => void }) => {
  const organizationId = useOrganizationId();
  return (
    <Link
      className={classes.hit}
      to="/$organizationId/licenses/$licenseId"
      params={{ organizationId, licenseId: license.id }}
      onClick={onOpen}
    >
      <code>{license.keyHint ?? license.id}</code>
      <StatusBadge status={license.effectiveStatus} />
      <span>{texts.tier[license.tier]}</span>
      {license.externalRef !== null && <span>{license.externalRef}</span>}
      <span className={classes.by}>{matchedBy.map((by) => texts.find.matched[by]).join(', ')}</span>
    </Link>
  );
};

export default Find;
