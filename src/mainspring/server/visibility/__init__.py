"""Lists and counts of runs: the query language, and what it becomes for the store.

    query text ──> syntax.py      grammar.lark: text to a tree
                   conditions.py  the tree, bounded as it grows
                   attributes.py  names to columns or members of `searchable`, with their types
                   values.py      literals to values of those types: statuses, times, durations
                   text_match.py  words of Text attributes to patterns
               ──> compiler.py    tree to `VisibilityFilter`: SQL with bound values
                   tokens.py      pages: where the next one begins, for this query only

Rows are written by the transitions themselves, in their transaction, so a list shows what was acknowledged before it
was asked for. Answers are the real server's where it answers alike on all of its stores. Keyword values are compared by
code points, as it does on PostgreSQL and Elasticsearch; on SQLite it ignores case in STARTS_WITH and KeywordList.

May import `engine` and `persistence`. Runs no loop, holds no state but a cache of parsed queries. Start reading at
`compiler.compile_query`, then `conditions`, then `syntax`.
"""
