import { useNavigate, useSearch } from '@tanstack/react-router';
import type { MouseEvent } from 'react';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { useTyped } from '../../parts/use-typed.ts';
import { useTitle } from '../../shell/use-title.ts';
import { activityTexts as texts } from '../../texts/activity-texts.ts';
import classes from './activity.module.css';
import { activityIn, eventGroups, isLicenseId } from './activity-in-address.ts';
import { ChartsPart } from './charts-part.tsx';
import { Feed, type Filter } from './feed-part.tsx';

/** What happens in the organization: charts over time, and the events with filters in the address. */
const Activity = () => {
  useTitle(texts.title);
  const { group, license, days } = useSearch({ from: '/signed-in/$organizationId/activity' });
  return (
    <div className={classes.page}>
      <h1>{texts.title}</h1>
      <ChartsPart days={days ?? '30'} />
      <Part title={texts.feed}>
        <FilterBar group={group} license={license} />
        <Feed key={`${group} ${license}`} group={group} license={license} />
      </Part>
    </div>
  );
};

const FilterBar = ({ group, license }: Filter) => {
  const navigate = useNavigate({ from: '/$organizationId/activity' });
  const change = (to: Partial<Filter>) =>
    void navigate({ search: (current) => activityIn({ ...current, ...to }), replace: true, resetScroll: false });
  const clear = ({ currentTarget }: MouseEvent<HTMLButtonElement>) => {
    // The button goes away, and the focus must not go with it.
    currentTarget.closest('fieldset')?.querySelector('select')?.focus();
    change({ group: undefined, license: undefined });
  };
  return (
    <fieldset aria-label={texts.filters} className={classes.filters}>
      <SelectField
        label={texts.group}
        value={group ?? ''}
        onChange={({ currentTarget: { value } }) => change({ group: eventGroups.find((each) => each === value) })}
      >
        <option value="">{texts.all}</option>
        {eventGroups.map((each) => (
          <option key={each} value={each}>
            {texts.groups[each]}
          </option>
        ))}
      </SelectField>
      <LicenseField license={license ?? ''} onChange={(id) => change({ license: id })} />
      {(group !== undefined || license !== undefined) && (
        <Button kind="quiet" onClick={clear}>
          {texts.clear}
        </Button>
      )}
    </fieldset>
  );
};

/** The id of a license. Enter, and leaving the field, take it. */
const LicenseField = ({
  license,
  onChange,
}: {
  readonly license: string;
  readonly onChange: (license: string | undefined) => void;
}) => {
  const [typed, setTyped] = useTyped(license);
  const text = typed.trim();
  const isWrong = text !== '' && !isLicenseId(text);
  const take = () => {
    if (!isWrong && text !== license) onChange(text === '' ? undefined : text);
  };
  return (
    <TextField
      label={texts.license}
      fault={isWrong ? texts.badLicense : undefined}
      value={typed}
      spellCheck={false}
      autoComplete="off"
      onChange={({ currentTarget: { value } }) => setTyped(value)}
      onKeyDown={({ key }) => {
        if (key === 'Enter') take();
      }}
      onBlur={take}
    />
  );
};

export default Activity;
