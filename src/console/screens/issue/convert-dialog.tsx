import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FormEvent, useDeferredValue, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Dialog, DialogActions } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { PartTable } from '../../parts/part.tsx';
import { useCommand, useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { texts } from '../../texts/catalogue.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License } from '../../types.ts';
import { type ConversionForm, consequencesOf, conversionBodyOf, lossesOf } from './conversion.ts';
import classes from './issue.module.css';
import { PolicyChoice, usePolicies, usePolicy } from './policy-choice.tsx';

const emptyForm: ConversionForm = { policyId: '', duration: '', payment: '', reasonCode: '', isConfirmed: false };

/** Makes a trial a paid license. The dialog shows what changes before the command is sent. */
const ConvertDialog = ({ license, onClose }: { readonly license: License; readonly onClose: () => void }) => {
  const names = issueTexts.convert;
  const [form, setForm] = useState(emptyForm);
  const policies = usePolicies();
  const chosen = usePolicy(form.policyId, '');
  const convert = useCommand('convertTrial');
  const preview = usePreview(license.id, form);
  const change = (fields: Partial<ConversionForm>) => setForm((current) => ({ ...current, ...fields }));
  const body = conversionBodyOf(form);
  const losses = preview.data === undefined ? [] : lossesOf(preview.data);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (body !== null) convert.mutate({ params: { licenseId: license.id }, body }, { onSuccess: onClose });
  };
  const faults = issueTexts.faults;
  return (
    <Dialog title={names.title} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <p className={classes.soft}>{texts.license.title(license.keyHint ?? license.id)}</p>
        <p>{names.text}</p>
        {policies.isPending && <Loading />}
        <PolicyChoice
          label={names.policy}
          policies={{ ...policies, entries: policies.entries.filter(({ type }) => type !== 'TRIAL') }}
          chosen={chosen.data}
          policyId={form.policyId}
          onChange={(policyId) => change({ policyId, isConfirmed: false })}
        />
        <div className={classes.fields}>
          <TextField
            label={names.duration}
            hint={names.durationHint}
            fault={form.policyId !== '' && body === null ? faults.duration : undefined}
            maxLength={40}
            value={form.duration}
            onChange={({ currentTarget: { value } }) => change({ duration: value, isConfirmed: false })}
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
        {preview.isError && <Failure error={preview.error} onRetry={preview.refetch} />}
        {preview.data !== undefined && body !== null && (
          <PartTable caption={names.caption} columns={Object.values(names.columns)}>
            {consequencesOf(preview.data).map(({ name, before, after }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{before}</td>
                <td>{after}</td>
              </tr>
            ))}
          </PartTable>
        )}
        {losses.length > 0 && (
          <>
            <ul>
              {losses.map((loss) => (
                <li key={loss}>{loss}</li>
              ))}
            </ul>
            <CheckField
              label={names.confirm}
              required
              checked={form.isConfirmed}
              onChange={({ currentTarget: { checked } }) => change({ isConfirmed: checked })}
            />
          </>
        )}
        {convert.isError && <Failure error={convert.error} />}
        <DialogActions>
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button type="submit" kind="primary" busy={convert.isPending} disabled={body === null || preview.isPending}>
            {names.submit}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};

/** Asks the server what a conversion would do. Nothing is recorded. */
const usePreview = (licenseId: string, form: ConversionForm) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  // The payment, the reason and the confirmation change nothing in the preview.
  const body = useDeferredValue(
    JSON.stringify(conversionBodyOf({ ...form, payment: '', reasonCode: '', isConfirmed: false })),
  );
  return useQuery({
    queryKey: [organizationId, 'convertTrial', licenseId, body],
    queryFn: async ({ signal }) => {
      const input = { params: { licenseId }, query: { preview: true }, body: JSON.parse(body) };
      return (await session.call(organizationId, 'convertTrial', input, { signal })).data;
    },
    enabled: body !== 'null',
    placeholderData: keepPreviousData,
  });
};

export default ConvertDialog;
