import { CheckList } from '../../parts/check-list.tsx';
import { Paged } from '../../parts/paged.tsx';
import type { Pages } from '../../session/paged-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import type { Product } from '../../types.ts';
import { archivedCodes, productChoices } from './product-choices.ts';

/**
 * The choice among the products on sale, page by page, and the other products of `codes`. `areSold`: an archived product
 * of `codes` cannot be ticked.
 */
export const ProductChoice = ({
  label,
  fault,
  pages,
  codes,
  values,
  areSold = false,
  onChange,
}: {
  readonly label: string;
  readonly fault?: string | undefined;
  readonly pages: Pages<Product>;
  readonly codes: readonly string[];
  readonly values: readonly string[];
  readonly areSold?: boolean;
  readonly onChange: (codes: readonly string[]) => void;
}) => {
  const archived = archivedCodes(pages.entries);
  const choices = productChoices(pages.entries, codes);
  return (
    <Paged pages={pages} empty={catalogTexts.policies.noProducts} more={catalogTexts.policies.moreProducts}>
      <CheckList
        label={label}
        fault={fault}
        choices={choices.map((choice) => ({ ...choice, isDisabled: areSold && archived.includes(choice.value) }))}
        values={values}
        onChange={onChange}
      />
    </Paged>
  );
};
