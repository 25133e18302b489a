import type { MakeRequest, Subject } from './subject.ts';

const opened = new Map<string, Promise<void>>();

/** An open catalog has what licenses are issued for elsewhere in the matrix: with it open nothing else could be. */
const openCatalog = ({ organization: { organizationId }, prepare }: Subject): Promise<void> => {
  const open = async () => {
    for (const code of ['local_cli', 'cloud_ide']) await prepare('POST', '/v1/products', { code, name: code });
  };
  const opening = opened.get(organizationId) ?? open();
  opened.set(organizationId, opening);
  return opening;
};

const newProduct = () => ({ code: `p_${crypto.randomUUID().replaceAll('-', '')}`, name: 'Product' });
// Strangers may add one to their own catalog, which has other products.
const newPolicy = { name: 'Policy', tier: 'PRO', products: [] };

/** A request to `path`, with the id of a product or policy made for it in place of `{}`. */
const about =
  (path: string, make: () => object, body?: object): MakeRequest =>
  async (subject) => {
    await openCatalog(subject);
    const { id } = await subject.prepare('POST', path, make());
    return { path: `${path}/${id}`, ...(body === undefined ? {} : { body }) };
  };

const adding =
  (path: string, make: () => object): MakeRequest =>
  async (subject) => {
    await openCatalog(subject);
    return { path, body: make() };
  };

const product = (body?: object) => about('/v1/products', newProduct, body);
const releasesOf = async (subject: Subject): Promise<string> => {
  await openCatalog(subject);
  const { code } = await subject.prepare('POST', '/v1/products', newProduct());
  return `/v1/products/${code}/releases`;
};
/** A request about the releases of a product made for it, or about one of them. */
const release =
  (version?: string): MakeRequest =>
  async (subject) => {
    const path = await releasesOf(subject);
    await subject.prepare('POST', path, { version: '1.0.0' });
    return { path: version === undefined ? path : `${path}/${version}` };
  };
const policy = (body?: object) => about('/v1/policies', () => newPolicy, body);

/** Requests about the catalog. */
export const catalogRequests: Readonly<Record<string, MakeRequest>> = {
  listProducts: () => ({ path: '/v1/products' }),
  createProduct: adding('/v1/products', newProduct),
  getProduct: product(),
  changeProduct: product({ name: 'Another' }),
  archiveProduct: product(),
  listReleases: release(),
  publishRelease: async (subject) => ({ path: await releasesOf(subject), body: { version: '1.0.0' } }),
  getRelease: release('1.0.0'),
  withdrawRelease: release('1.0.0'),
  listPolicies: () => ({ path: '/v1/policies' }),
  createPolicy: adding('/v1/policies', () => newPolicy),
  getPolicy: policy(),
  changePolicy: policy({ name: 'Another' }),
  archivePolicy: policy(),
};
