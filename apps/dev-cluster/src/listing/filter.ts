import { compileResourceExpression, matchesSearch, type PredicateResource } from '../predicate/resource-expression.ts';

/** What the requests of both listing calls may ask for. */
export interface FilterFields {
  readonly Labels: ReadonlyMap<string, string>;
  readonly SearchKeywords: readonly string[];
  readonly PredicateExpression: string;
}

/**
 * Whether a resource is asked for; `describe` is only called where somebody asks.
 *
 * @throws TeleportError when the predicate does not parse
 */
export function filterOf<S>(
  { Labels, SearchKeywords, PredicateExpression }: FilterFields,
  describe: (server: S) => PredicateResource,
): (server: S) => boolean {
  if (Labels.size === 0 && SearchKeywords.length === 0 && PredicateExpression === '') return () => true;
  const expression = PredicateExpression === '' ? undefined : compileResourceExpression(PredicateExpression);
  const labels = [...Labels];
  return (server) => {
    const resource = describe(server);
    const has = labels.length > 0 ? resource.labels : {};
    return (
      labels.every(([key, value]) => Object.hasOwn(has, key) && has[key] === value) &&
      matchesSearch(resource.searchable, SearchKeywords, resource.searchableWords) &&
      (expression === undefined || expression(resource))
    );
  };
}
