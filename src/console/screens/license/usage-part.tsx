import type { EntryOf } from '@license-ledger/client';
import { useState } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { dayOf, number } from '../../parts/dates.ts';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import { limitText } from '../../texts/license-texts.ts';
import type { License } from '../../types.ts';
import { Consequences } from './change/consequences-list.tsx';
import { ReasonFields } from './change/reason-fields.tsx';
import { requiredReasonIn } from './change/reasons.ts';
import { usePreview } from './change/use-preview.ts';
import { Confirmation } from './confirmation.tsx';
import { DialogButtons } from './dialog-buttons.tsx';
import classes from './license.module.css';
import { type UsageFilter, usageFilterIn } from './usage-filter.ts';

type Use = EntryOf<'readUsage'>;

const names = changeTexts.usage;

/** The use of the meters of a license, by period or by day. `mayReset`: the user may set a meter to zero. */
export const UsagePart = ({ license, mayReset }: { readonly license: License; readonly mayReset: boolean }) => {
  const [filter, setFilter] = useState<UsageFilter>({ by: 'period' });
  const pages = usePages('readUsage', { params: { licenseId: license.id }, query: filter });
  const meters = Object.keys(license.usage.meters);
  const resettable = meters.filter((meter) => (license.usage.meters[meter] ?? 0) > 0);
  return (
    <Part title={names.title}>
      <form
        className={classes.fields}
        onChange={({ currentTarget }) => setFilter(usageFilterIn(new FormData(currentTarget)))}
      >
        <SelectField label={names.by} name="by">
          {(['period', 'day'] as const).map((by) => (
            <option key={by} value={by}>
              {names.bys[by]}
            </option>
          ))}
        </SelectField>
        <SelectField label={names.meter} name="meter">
          <option value="">{names.all}</option>
          {meters.map((meter) => (
            <option key={meter}>{meter}</option>
          ))}
        </SelectField>
        <TextField label={names.from} name="from" type="date" />
        <TextField label={names.to} name="to" type="date" />
      </form>
      <Paged pages={pages} empty={names.none} more={names.more}>
        {(uses) => <UsageTable uses={uses} />}
      </Paged>
      <DialogButtons
        buttons={(mayReset ? resettable : []).map((meter) => ({
          label: names.resetOf(meter),
          dialog: (onClose) => <ResetUsage license={license} meter={meter} onClose={onClose} />,
        }))}
      />
    </Part>
  );
};

const UsageTable = ({ uses }: { readonly uses: readonly Use[] }) => (
  <PartTable caption={names.caption} columns={Object.values(names.columns)}>
    {uses.map((use) => (
      <tr key={'day' in use ? `${use.meter} ${use.day}` : `${use.meter} ${use.periodStart}`}>
        <th scope="row">{use.meter}</th>
        <td>
          {periodOf(use)} {'running' in use && use.running && <Badge>{names.running}</Badge>}
        </td>
        <td>{'carried' in use ? number(use.carried) : ''}</td>
        <td>{number(use.recorded)}</td>
        <td>{number(use.corrected)}</td>
        <td>{number(use.reset)}</td>
        <td>{'total' in use ? names.of(use.total, limitText(use.limit)) : ''}</td>
      </tr>
    ))}
  </PartTable>
);

const periodOf = (use: Use): string => {
  if ('day' in use) return use.day;
  const { periodStart, periodEnd } = use;
  return `${dayOf(periodStart)} – ${periodEnd === null ? names.noEnd : dayOf(periodEnd)}`;
};

const ResetUsage = ({
  license,
  meter,
  onClose,
}: {
  readonly license: License;
  readonly meter: string;
  readonly onClose: () => void;
}) => {
  const reset = useCommand('resetUsage');
  const params = { licenseId: license.id };
  const preview = usePreview('resetUsage', { params, body: { meter, reason: { code: 'PREVIEW' } } });
  return (
    <Confirmation
      license={license}
      title={names.resetTitle(meter)}
      confirm={names.reset}
      isDangerous
      command={reset}
      inputOf={(form) => ({ params, body: { meter, reason: requiredReasonIn(form) } })}
      onClose={onClose}
    >
      <p>{names.resetText}</p>
      <Consequences {...preview} />
      <ReasonFields isRequired />
    </Confirmation>
  );
};
