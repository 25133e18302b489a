import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { texts } from '../../texts/catalogue.ts';
import { listTexts } from '../../texts/list-texts.ts';
import { type ChoiceName, choices, type Filters, withFilter } from './filters.ts';
import classes from './licenses.module.css';

const fields = ['status', 'suspendedFor', 'tier', 'activations', 'ends', 'sort'] as const;

/** The choices of the filters and of the order. */
export const FilterBar = ({ filters }: { readonly filters: Filters }) => {
  const change = useFilterChange(filters);
  const id = useId();
  // Only a narrow window hides them, because they would fill it.
  const [isOpen, setOpen] = useState(Object.keys(filters).length > 0);
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    change('contains', String(new FormData(event.currentTarget).get('contains') ?? ''));
  };
  return (
    <>
      <div className={classes.toggle}>
        <Button aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
          {texts.licenses.filters.label}
        </Button>
      </div>
      <fieldset id={id} aria-label={texts.licenses.filters.label} className={classes.filters} data-open={isOpen}>
        <form onSubmit={search} className={classes.search}>
          <TextField
            // The field follows the address.
            key={filters.contains ?? ''}
            label={listTexts.filters.contains}
            name="contains"
            type="search"
            minLength={3}
            maxLength={200}
            title={listTexts.filters.containsHint}
            defaultValue={filters.contains ?? ''}
          />
        </form>
        {fields.map((name) => (
          <SelectField
            key={name}
            label={labelOf(name)}
            value={filters[name] ?? ''}
            onChange={({ currentTarget: { value } }) => change(name, value)}
          >
            <option value="">{name === 'sort' ? usualOrder(filters) : texts.licenses.filters.any}</option>
            {choices[name]
              .filter((value) => name !== 'sort' || value !== '-createdAt')
              .map((value) => (
                <option key={value} value={value}>
                  {choiceText(name, value)}
                </option>
              ))}
          </SelectField>
        ))}
      </fieldset>
    </>
  );
};

/** The filters in force, each as a button that removes it. */
export const FilterChips = ({ filters }: { readonly filters: Filters }) => {
  const navigate = useNavigate({ from: '/$organizationId/licenses' });
  const change = useFilterChange(filters);
  const names = (Object.keys(filters) as (keyof Filters)[]).filter((name) => name !== 'sort');
  if (names.length === 0) return <span />;
  return (
    <ul className={classes.chips} aria-label={texts.licenses.filters.label}>
      {names.map((name) => {
        const text = `${labelOf(name)}: ${choiceText(name, filters[name] ?? '')}`;
        return (
          <li key={name}>
            <button
              type="button"
              className={classes.chip}
              aria-label={listTexts.filters.remove(text)}
              onClick={() => change(name, '')}
            >
              {text} <span aria-hidden="true">×</span>
            </button>
          </li>
        );
      })}
      <li>
        <Button kind="quiet" onClick={() => void navigate({ search: {}, replace: true })}>
          {texts.licenses.filters.clear}
        </Button>
      </li>
    </ul>
  );
};

const useFilterChange = (filters: Filters) => {
  const navigate = useNavigate({ from: '/$organizationId/licenses' });
  return (name: keyof Filters, value: string) =>
    void navigate({ search: withFilter(filters, name, value), replace: true });
};

const usualOrder = ({ ends, status }: Filters): string =>
  texts.licenses.sorts[ends !== undefined || status === 'EXPIRING' ? 'expiresAt' : '-createdAt'];

const labelOf = (name: keyof Filters): string => {
  const { status, tier, activations, sort } = texts.licenses.filters;
  return { ...listTexts.filters, status, tier, activations, sort }[name];
};

const choiceText = (name: keyof Filters, value: string): string => {
  if (name === 'contains') return value;
  const named: Readonly<Record<ChoiceName, Readonly<Record<string, string>>>> = {
    status: texts.licenses.statuses,
    suspendedFor: listTexts.reasons,
    tier: texts.tier,
    activations: texts.licenses.activations,
    seats: texts.licenses.activations,
    ends: listTexts.ends,
    sort: texts.licenses.sorts,
  };
  return named[name][value] ?? value;
};
