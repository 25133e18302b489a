import { PartTable } from '../../parts/part.tsx';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import type { Policy } from '../../types.ts';
import classes from './catalog.module.css';
import { differencesOf } from './policy-values.ts';

/** The fields that differ between two versions of a policy, with their values in words. */
export const DifferenceTable = ({
  before,
  after,
  none,
}: {
  readonly before: Policy;
  readonly after: Policy;
  /** What it says when nothing differs. */
  readonly none: string;
}) => {
  const names = catalogTexts.versions;
  const differences = differencesOf(before, after);
  if (differences.length === 0) return <p>{none}</p>;
  return (
    <PartTable caption={names.caption} columns={Object.values(names.columns)}>
      {differences.map(({ key, name, before: earlier, after: later }) => (
        <tr key={key}>
          <th scope="row">{name}</th>
          <td className={classes.before}>{earlier ?? names.absent}</td>
          <td className={classes.after}>{later ?? names.absent}</td>
        </tr>
      ))}
    </PartTable>
  );
};
