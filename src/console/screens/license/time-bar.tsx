import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { instantIn, inZone, localText } from '../../parts/dates.ts';
import { TextField } from '../../parts/field.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import { Differences } from './past/differences.tsx';
import { usePowers } from './power.ts';
import classes from './time.module.css';
import { useEventSteps } from './use-event-steps.ts';

/** How long the slider must rest before the page follows, in milliseconds. */
const restMs = 200;

/**
 * Moves the page through the time of a license: by a slider, from event to event, or to an instant that is typed. The
 * instant is in the address, so that a link shows the same to a colleague. `isShown`: the page shows this instant already.
 */
export const TimeBar = ({
  license,
  at,
  isShown,
}: {
  readonly license: License;
  readonly at: string | null;
  readonly isShown: boolean;
}) => {
  const navigate = useNavigate({ from: '/$organizationId/licenses/$licenseId' });
  const go = (to: string | null) =>
    void navigate({ search: to === null ? {} : { at: to }, replace: at !== null, resetScroll: false });
  const mayReadHistory = usePowers(license)('readHistory');
  const { earlier, later, isKnown } = useEventSteps(license.id, at, mayReadHistory);
  const names = texts.time;
  return (
    <section className={classes.bar} aria-label={names.title} data-travelling={at !== null}>
      <div className={classes.controls}>
        <Slider start={license.createdAt} at={at} onGo={go} />
        <Typed at={at} onGo={go} />
        {mayReadHistory && (
          <>
            <Step isPossible={isKnown && earlier !== null} onStep={() => go(earlier)}>
              {names.earlier}
            </Step>
            <Step isPossible={isKnown && at !== null} onStep={() => go(later)}>
              {names.later}
            </Step>
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
          <p role="status">{isShown ? names.travelling(inZone(at)) : texts.loading}</p>
          {mayReadHistory && <Differences licenseId={license.id} at={at} />}
        </>
      )}
    </section>
  );
};

/** A button that keeps the focus while its step is not known yet. */
const Step = ({
  isPossible,
  onStep,
  children,
}: {
  readonly isPossible: boolean;
  readonly onStep: () => void;
  readonly children: string;
}) => (
  <Button aria-disabled={!isPossible} onClick={() => isPossible && onStep()}>
    {children}
  </Button>
);

type Mover = { readonly at: string | null; readonly onGo: (to: string | null) => void };

const Slider = ({ start, at, onGo }: Mover & { readonly start: string }) => {
  const [now] = useState(Date.now);
  const from = Date.parse(start);
  const here = at === null ? now : Date.parse(at);
  // Where the person has moved it and the page has not followed yet.
  const [moved, setMoved] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const value = moved?.from === here ? moved.to : here;
  useEffect(() => {
    if (moved === null || moved.from !== here || moved.to === here) return;
    const timer = setTimeout(() => onGo(moved.to >= now ? null : new Date(moved.to).toISOString()), restMs);
    return () => clearTimeout(timer);
  });
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
        onChange={({ currentTarget }) => setMoved({ from: here, to: currentTarget.valueAsNumber })}
      />
    </label>
  );
};

/** A field for an instant in the zone of the viewer. */
const Typed = ({ at, onGo }: Mover) => {
  const here = at === null ? '' : localText(at);
  const [typed, setTyped] = useState<{ readonly over: string; readonly text: string } | null>(null);
  const text = typed?.over === here ? typed.text : here;
  const submit = () => {
    if (text !== here) go(text, onGo);
  };
  return (
    <TextField
      label={texts.time.at}
      type="datetime-local"
      step={1}
      value={text}
      onChange={({ currentTarget: { value } }) => setTyped({ over: here, text: value })}
      onKeyDown={({ key }) => {
        if (key === 'Enter') submit();
      }}
      onBlur={submit}
    />
  );
};

const go = (value: string, onGo: Mover['onGo']): void => {
  const instant = instantIn(value);
  if (instant !== null) onGo(Date.parse(instant) >= Date.now() ? null : instant);
};
