import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { inZone } from '../../parts/dates.ts';
import { TextField } from '../../parts/field.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import { Differences } from './differences.tsx';
import { usePowers } from './power.ts';
import classes from './time.module.css';
import { useEventSteps } from './use-event-steps.ts';

/** How long the slider must rest before the page follows, in milliseconds. */
const restMs = 200;

/**
 * Moves the page through the time of a license: by a slider, from event to event, or to an instant that is typed. The
 * instant is in the address, so that a link shows the same to a colleague.
 */
export const TimeBar = ({ license, at }: { readonly license: License; readonly at: string | null }) => {
  const navigate = useNavigate({ from: '/$organizationId/licenses/$licenseId' });
  const go = (to: string | null) => void navigate({ search: to === null ? {} : { at: to }, replace: at !== null });
  const mayReadHistory = usePowers(license)('readHistory');
  const { earlier, later } = useEventSteps(license.id, at, mayReadHistory);
  const names = texts.time;
  return (
    <section className={classes.bar} aria-label={names.title} data-travelling={at !== null}>
      <div className={classes.controls}>
        <Slider key={at ?? 'now'} start={license.createdAt} at={at} onGo={go} />
        <Typed key={`typed ${at}`} at={at} onGo={go} />
        {mayReadHistory && (
          <>
            <Button disabled={earlier === null} onClick={() => go(earlier)}>
              {names.earlier}
            </Button>
            <Button disabled={at === null} onClick={() => go(later)}>
              {names.later}
            </Button>
          </>
        )}
        {at !== null && (
          <Button kind="primary" onClick={() => go(null)}>
            {names.back}
          </Button>
        )}
      </div>
      {at !== null && (
        <>
          <p role="status">{names.travelling(inZone(at))}</p>
          <Differences licenseId={license.id} at={at} />
        </>
      )}
    </section>
  );
};

type Mover = { readonly at: string | null; readonly onGo: (to: string | null) => void };

const Slider = ({ start, at, onGo }: Mover & { readonly start: string }) => {
  const [now] = useState(Date.now);
  const from = Date.parse(start);
  const here = at === null ? now : Date.parse(at);
  const [value, setValue] = useState(here);
  useEffect(() => {
    if (value === here) return;
    const timer = setTimeout(() => onGo(value >= now ? null : new Date(value).toISOString()), restMs);
    return () => clearTimeout(timer);
  }, [value, here, now, onGo]);
  const shown = value >= now ? texts.time.now : inZone(new Date(value).toISOString());
  return (
    <label className={classes.slider}>
      <span>
        {texts.time.title}: {shown}
      </span>
      <input
        type="range"
        min={from}
        max={Math.max(now, from + 1)}
        step="any"
        value={value}
        aria-valuetext={shown}
        onChange={({ currentTarget }) => setValue(currentTarget.valueAsNumber)}
      />
    </label>
  );
};

/** A field for an instant in the zone of the viewer. */
const Typed = ({ at, onGo }: Mover) => (
  <TextField
    label={texts.time.at}
    type="datetime-local"
    step={1}
    defaultValue={at === null ? '' : localText(at)}
    onKeyDown={(event) => {
      if (event.key === 'Enter') go(event.currentTarget.value, onGo);
    }}
    onBlur={({ currentTarget: { value, defaultValue } }) => {
      if (value !== defaultValue) go(value, onGo);
    }}
  />
);

const go = (value: string, onGo: Mover['onGo']): void => {
  const instant = Date.parse(value);
  if (Number.isNaN(instant)) return;
  onGo(instant >= Date.now() ? null : new Date(instant).toISOString());
};

/** Returns an instant as the field writes it: in the zone of the viewer, without the zone. */
const localText = (at: string): string => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
};
