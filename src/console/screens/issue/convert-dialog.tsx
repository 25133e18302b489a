import type { AnswerOf } from '@license-ledger/client';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useDeferredValue, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Dialog, DialogActions } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useCommand, useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { texts } from '../../texts/catalogue.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License } from '../../types.ts';
import { consequencesOfPreview } from '../license/change/change-consequences.ts';
import { Consequences } from '../license/change/consequences-list.tsx';
import { type ConversionForm, conversionBodyOf, lossesOf, previewBodyOf } from './conversion.ts';
import classes from './issue.module.css';
import { PolicyChoice, usePolicies, usePolicy } from './policy-choice.tsx';

const emptyForm: ConversionForm = { policyId: '', duration: '', payment: '', reasonCode: '' };

/** Makes a trial a paid license. The dialog shows what changes before the command is sent. */
const ConvertDialog = ({ license, onClose }: { readonly license: License; readonly onClose: () => void }) => {
  const names = issueTexts.convert;
  const [form, setForm] = useState(emptyForm);
  const policies = usePolicies();
  const chosen = usePolicy(form.policyId, '');
  const convert = useCommand('convertTrial');
  const preview = usePreview(license.id, form);
  const change = (fields: Partial<ConversionForm>) => setForm((current) => ({ ...current, ...fields }));
  // The losses that the user has confirmed. Other losses need another confirmation.
  const [confirmed, setConfirmed] = useState('');
  const losses = preview.data === undefined ? [] : lossesOf(preview.data);
  const lost = losses.join(', ');
  const body = conversionBodyOf(form, losses);
  const isReady = body !== null && preview.data !== undefined && (lost === '' || confirmed === lost);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) convert.mutate({ params: { licenseId: license.id }, body }, { onSuccess: onClose });
  };
  // Nobody may miss its failure.
  const close = () => {
    if (!convert.isPending) onClose();
  };
  const faults = issueTexts.faults;
  return (
    <Dialog title={names.title} onClose={close}>
      <form className={classes.form} onSubmit={submit}>
        <p className={classes.soft}>{texts.license.title(license.keyHint ?? license.id)}</p>
        <p>{names.text}</p>
        {policies.isPending && <Loading />}
        <PolicyChoice
          label={names.policy}
          policies={{ ...policies, entries: policies.entries.filter(({ type }) => type !== 'TRIAL') }}
          chosen={chosen.data}
          policyId={form.policyId}
          onChange={(policyId) => {
            change({ policyId });
            setConfirmed('');
          }}
        />
        <div className={classes.fields}>
          <TextField
            label={names.duration}
            hint={names.durationHint}
            fault={form.policyId !== '' && body === null ? faults.duration : undefined}
            maxLength={40}
            value={form.duration}
            onChange={({ currentTarget: { value } }) => change({ duration: value })}
          />
          <TextField
            label={names.payment}
            hint={names.paymentHint}
            maxLength={200}
            value={form.payment}
            onChange={({ currentTarget: { value } }) => change({ payment: value })}
          />
          <TextField
            label={issueTexts.customer.reason}
            hint={issueTexts.customer.reasonHint}
            pattern="[A-Z][A-Z0-9_]*"
            maxLength={50}
            value={form.reasonCode}
            onChange={({ currentTarget: { value } }) => change({ reasonCode: value.toUpperCase() })}
          />
        </div>
        {preview.isLoading && <Loading />}
        {preview.error !== null && <Failure error={preview.error} onRetry={preview.refetch} />}
        <Consequences sentences={sentencesOf(preview.data)} />
        {losses.length > 0 && (
          <CheckField
            label={names.confirm(lost)}
            required
            checked={confirmed === lost}
            onChange={({ currentTarget: { checked } }) => setConfirmed(checked ? lost : '')}
          />
        )}
        {convert.isError && <Failure error={convert.error} />}
        <DialogActions>
          <Button onClick={close} disabled={convert.isPending}>
            {texts.actions.cancel}
          </Button>
          <Button
            type="submit"
            kind="primary"
            busy={convert.isPending}
            disabled={body === null || preview.data === undefined}
          >
            {names.submit}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};

const sentencesOf = (preview: AnswerOf<'convertTrial'> | undefined): readonly string[] =>
  preview?.before === undefined || preview.after === undefined
    ? []
    : consequencesOfPreview({ before: preview.before, after: preview.after, ended: preview.ended });

/** Asks the server what a conversion would do. Nothing is recorded. No data: the answer for this form is not there yet. */
const usePreview = (licenseId: string, form: ConversionForm) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const current = JSON.stringify(previewBodyOf(form));
  const body = useDeferredValue(current);
  const { data, ...preview } = useQuery({
    queryKey: [organizationId, 'convertTrial', licenseId, body],
    queryFn: async ({ signal }) => {
      const input = { params: { licenseId }, query: { preview: true }, body: JSON.parse(body) };
      return (await session.call(organizationId, 'convertTrial', input, { signal })).data;
    },
    enabled: body !== 'null',
  });
  return { ...preview, data: body === current ? data : undefined };
};

export default ConvertDialog;
