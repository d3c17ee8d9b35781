/** What a file exports without saying what it promises. */
import ts from 'typescript';
import type { SourceFile } from './tree.ts';

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((one) => one.name.getText()).join(', ');
  return (statement as ts.Statement & { name?: ts.Identifier }).name?.text ?? 'default';
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
  );
}

/** Says whether it is the type of a schema: what the schema's comment says holds for both. */
function isInferred(statement: ts.Statement): boolean {
  return (
    ts.isTypeAliasDeclaration(statement) && /^z\.(?:infer|input|output)<typeof \w+>$/.test(statement.type.getText())
  );
}

/** The names of a file's exported declarations that have no doc comment right before them. */
export function undocumentedExports({ path, text }: SourceFile): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return source.statements.filter(isExported).flatMap((statement) => {
    if (isInferred(statement)) return [];
    const last = ts.getLeadingCommentRanges(text, statement.getFullStart())?.at(-1);
    const documented = last !== undefined && text.slice(last.pos, last.end).startsWith('/**');
    return documented ? [] : [nameOf(statement)];
  });
}
