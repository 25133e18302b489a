import { useTitle } from '../../shell/use-title.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import classes from './catalog.module.css';
import { PoliciesPart } from './policies-part.tsx';
import { ProductsPart } from './products-part.tsx';

/** The products and policies of the organization. */
const Catalog = () => {
  useTitle(catalogTexts.title);
  return (
    <div className={classes.page}>
      <h1>{catalogTexts.title}</h1>
      <ProductsPart />
      <PoliciesPart />
    </div>
  );
};

export default Catalog;
