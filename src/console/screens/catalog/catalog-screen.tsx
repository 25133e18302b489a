import { useTitle } from '../../shell/use-title.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';

/** The products and policies of the organization. */
const Catalog = () => {
  useTitle(catalogTexts.title);
  return <h1>{catalogTexts.title}</h1>;
};

export default Catalog;
