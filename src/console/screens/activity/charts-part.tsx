import { useNavigate } from '@tanstack/react-router';
import { inZone, number } from '../../parts/dates.ts';
import { Failure } from '../../parts/failure.tsx';
import { SelectField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { activityTexts as texts } from '../../texts/activity-texts.ts';
import classes from './activity.module.css';
import { activityIn, type Period, periods } from './activity-in-address.ts';
import { Chart } from './chart.tsx';
import { countedTypes, stepOf } from './counts.ts';
import { readMax, useCounts } from './use-counts.ts';
import { useValidations } from './use-validations.ts';

/** The numbers of a period as charts, each with a table. */
export const ChartsPart = ({ days }: { readonly days: Period }) => {
  const navigate = useNavigate({ from: '/$organizationId/activity' });
  const counts = useCounts(days);
  return (
    <Part title={texts.charts}>
      <div className={classes.period}>
        <SelectField
          label={texts.period}
          value={days}
          onChange={({ currentTarget: { value } }) =>
            void navigate({
              search: (current) => activityIn({ ...current, days: value }),
              replace: true,
              resetScroll: false,
            })
          }
        >
          {periods.map((each) => (
            <option key={each} value={each}>
              {texts.periods[each]}
            </option>
          ))}
        </SelectField>
      </div>
      {counts.isPending && <Loading />}
      {counts.isError && <Failure error={counts.error} onRetry={counts.refetch} />}
      {counts.data !== undefined && counts.data.cutAt !== null && (
        <p>{texts.cut(number(readMax), inZone(counts.data.cutAt))}</p>
      )}
      <div className={classes.charts}>
        {counts.data !== undefined &&
          countedTypes.map((type) => (
            <Counted
              key={type}
              name={texts.counted[type]}
              per={perOf(days)}
              starts={counts.data.starts}
              counts={counts.data.counts[type]}
            />
          ))}
        <Validations days={days} />
      </div>
    </Part>
  );
};

const perOf = (days: Period): string => (stepOf(days) === 1 ? texts.perDay : texts.perWeek);

/** The chart of the validations, which are no events. It loads and fails by itself. */
const Validations = ({ days }: { readonly days: Period }) => {
  const { isPending, isError, error, refetch, data } = useValidations(days);
  if (isPending) return <Loading />;
  if (isError) return <Failure error={error} onRetry={refetch} />;
  return <Counted name={texts.validations} per={texts.inUtc(perOf(days))} timeZone="UTC" {...data} />;
};

const Counted = ({
  name,
  per,
  starts,
  counts,
  timeZone,
}: {
  readonly name: string;
  readonly per: string;
  readonly starts: readonly number[];
  readonly counts: readonly number[];
  readonly timeZone?: string;
}) => {
  const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone });
  const total = texts.total(number(counts.reduce((sum, count) => sum + count, 0)), per);
  return (
    <div className={classes.chart}>
      <h3>{name}</h3>
      <p className={classes.soft}>{total}</p>
      <Chart label={`${name}: ${total}`} starts={starts} counts={counts} timeZone={timeZone} />
      <details>
        <summary className={classes.soft}>{texts.table}</summary>
        <PartTable caption={`${name} ${per}`} columns={Object.values(texts.columns)}>
          {starts.map((start, index) => (
            <tr key={start}>
              <th scope="row">{day.format(start)}</th>
              <td>{number(counts[index] ?? 0)}</td>
            </tr>
          ))}
        </PartTable>
      </details>
    </div>
  );
};
