import { Moment } from '../../parts/moment.tsx';
import { Part } from '../../parts/part.tsx';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import { limitText } from '../../texts/license-texts.ts';
import type { License } from '../../types.ts';
import { ChangeLimits } from './change/limits-dialog.tsx';
import { DialogButtons } from './dialog-buttons.tsx';
import classes from './license.module.css';

/** What a license uses of its limits. `mayChange`: the user may change them. */
export const LimitsPart = ({ license, mayChange }: { readonly license: License; readonly mayChange: boolean }) => {
  const { limits, usage } = license;
  // What the license neither allows nor has would only be in the way.
  const counted = (['activations', 'seats', 'users'] as const).filter((name) => limits[name] !== 0 || usage[name] > 0);
  const meters = Object.entries(limits.meters);
  const change = {
    label: changeTexts.limits.change,
    dialog: (onClose: () => void) => <ChangeLimits license={license} onClose={onClose} />,
  };
  return (
    <Part title={texts.limits.title}>
      {counted.length === 0 && meters.length === 0 && <p>{texts.limits.nothing}</p>}
      {counted.map((name) => (
        <Used key={name} name={texts.limits[name]} used={usage[name]} limit={limits[name]} />
      ))}
      {meters.map(([meter, given]) => (
        <Used
          key={meter}
          name={meter}
          used={usage.meters[meter] ?? 0}
          limit={typeof given === 'object' ? given.limit : given}
          resetsAt={usage.periods?.[meter]?.endsAt ?? null}
        />
      ))}
      <DialogButtons buttons={mayChange ? [change] : []} />
    </Part>
  );
};

const Used = ({
  name,
  used,
  limit,
  resetsAt = null,
}: {
  readonly name: string;
  readonly used: number;
  readonly limit: number | 'unlimited';
  readonly resetsAt?: string | null;
}) => (
  <div className={classes.used}>
    <div className={classes.row}>
      <span>{name}</span>
      <span>{texts.limits.used(used, limitText(limit))}</span>
    </div>
    {limit !== 'unlimited' && limit > 0 && (
      <meter min={0} max={limit} high={limit * 0.9} optimum={0} value={Math.min(used, limit)} aria-label={name} />
    )}
    {resetsAt !== null && (
      <p className={classes.soft}>
        {texts.limits.resets} <Moment at={resetsAt} />
      </p>
    )}
  </div>
);
