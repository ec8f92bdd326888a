#!/usr/bin/env python3
"""Turns keywords.tsv into a sorted C++ table: known_keywords.py keywords.tsv OUTPUT.cpp"""
import sys


def rows(path):
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            if not line.startswith('#') and line.strip():
                yield line.rstrip('\n').split('\t')


def main(source, target):
    table = list(rows(source))
    keyword_blocks = {block for block, keyword, *_ in table if keyword != '(entry)'}
    value_blocks = {block for block, keyword, *_ in table if keyword == '(entry)'}

    def kind_of(block, keyword, arguments):
        path = keyword if block == '(top)' else f'{block}/{keyword}'
        if path in keyword_blocks:
            return 'keyword_block'
        if path in value_blocks or '{ ' in arguments:
            return 'value_block'
        return 'statement'

    entries = sorted({(block if block != '(top)' else '', keyword, kind_of(block, keyword, arguments),
                       'M' in flags, 'C' in flags, 'X' in flags)
                      for block, keyword, arguments, flags, _ in table if keyword != '(entry)'})
    blocks = sorted({entry[0] for entry in entries})
    number_of = {block: number for number, block in enumerate(blocks)}
    with open(target, 'w', encoding='utf-8') as out:
        out.write('// Generated from keywords.tsv.\n#include "lib/config/known_keywords.hpp"\n\n'
                  'namespace holdfast::config {\n\n'
                  'const KnownKeyword kKnownKeywords[] = {\n')
        for number, (block, keyword, kind, fatal, error, ignored) in enumerate(entries):
            missing = 'ends_at_once' if fatal else 'error' if error else 'allowed'
            opens = number_of.get(f'{block}/{keyword}' if block else keyword, 'kNoBlock')
            out.write(f'    {{"{block}", "{keyword}", KeywordKind::{kind}, '
                      f'MissingWord::{missing}, {str(ignored).lower()}, {number}, '
                      f'{number_of[block]}, {opens}}},\n')
        out.write('};\nconst std::size_t kKnownKeywordCount = '
                  'sizeof kKnownKeywords / sizeof *kKnownKeywords;\n\n'
                  'const KnownBlock kKnownBlocks[] = {\n')
        for block in blocks:
            rows_of = [number for number, entry in enumerate(entries) if entry[0] == block]
            out.write(f'    {{"{block}", {rows_of[0]}, {len(rows_of)}}},\n')
        out.write('};\nconst std::size_t kKnownBlockCount = '
                  'sizeof kKnownBlocks / sizeof *kKnownBlocks;\n\n}  // namespace holdfast::config\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
