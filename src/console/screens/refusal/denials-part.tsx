import type { EntryOf } from '@license-ledger/client';
import { Button } from '../../parts/button.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { usePages } from '../../session/paged-list.ts';
import { isExplained, refusalTexts, sentenceOfCode } from '../../texts/refusal-texts.ts';
import classes from './refusal.module.css';

/** A refused validation, activation or seat. */
export type Denial = EntryOf<'listDenials'>;

const texts = refusalTexts.denials;

/** The latest refusals of a license. Each leads to its explanation. */
export const DenialsPart = ({
  licenseId,
  onExplain,
}: {
  readonly licenseId: string;
  readonly onExplain: (denial: Denial) => void;
}) => {
  const pages = usePages('listDenials', { params: { licenseId } });
  return (
    <Part title={texts.title}>
      <Paged pages={pages} empty={texts.none} more={texts.more}>
        {(denials) => (
          <>
            <PartTable isStacked caption={texts.caption} columns={Object.values(texts.columns)}>
              {denials.map((denial) => (
                <tr key={`${denial.deniedAt} ${denial.code} ${denial.device}`}>
                  <th scope="row">
                    <Moment at={denial.deniedAt} withAge />
                  </th>
                  <td data-label={texts.columns.code}>
                    {sentenceOfCode(denial.code)}
                    <div className={classes.soft}>
                      <code>{denial.code}</code>
                    </div>
                  </td>
                  <td data-label={texts.columns.app}>
                    {[denial.product, denial.version].filter((each) => each !== null).join(' ')}
                  </td>
                  <td data-label={texts.columns.device}>{denial.device !== null && <code>{denial.device}</code>}</td>
                  <td data-label={texts.columns.network}>{denial.addressPrefix}</td>
                  <td>
                    {isExplained(denial.code) && (
                      <Button
                        kind="quiet"
                        aria-label={texts.explainOf(sentenceOfCode(denial.code))}
                        onClick={() => onExplain(denial)}
                      >
                        {texts.explain}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </PartTable>
            <p className={classes.soft}>{texts.deviceHint}</p>
          </>
        )}
      </Paged>
    </Part>
  );
};
