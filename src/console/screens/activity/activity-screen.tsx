import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useTitle } from '../../shell/use-title.ts';
import { activityTexts as texts } from '../../texts/activity-texts.ts';
import classes from './activity.module.css';
import { activityIn, eventGroups, isLicenseId } from './activity-in-address.ts';
import { FeedPart, type Filter } from './feed-part.tsx';

const ChartsPart = lazy(() => import('./charts-part.tsx'));

/** What happens in the organization: charts over time, and the events with filters in the address. */
const Activity = () => {
  useTitle(texts.title);
  const { group, license, days } = useSearch({ from: '/signed-in/$organizationId/activity' });
  return (
    <div className={classes.page}>
      <h1>{texts.title}</h1>
      <Suspense fallback={<Loading />}>
        <ChartsPart days={days ?? '30'} />
      </Suspense>
      <FeedPart key={`${group} ${license}`} group={group} license={license}>
        <FilterBar group={group} license={license} />
      </FeedPart>
    </div>
  );
};

const FilterBar = ({ group, license }: Filter) => {
  const navigate = useNavigate({ from: '/$organizationId/activity' });
  const change = (to: Partial<Filter>) =>
    void navigate({ search: (current) => activityIn({ ...current, ...to }), replace: true, resetScroll: false });
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
        <Button kind="quiet" onClick={() => change({ group: undefined, license: undefined })}>
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
  const [typed, setTyped] = useState(license);
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
