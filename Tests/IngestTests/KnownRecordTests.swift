import Postgres
import TestKit
import Testing

@Suite("Known records are found by their key")
struct KnownRecordTests {
    /// Stores or deletes so many records of one connection, a hundred a call, and counts what each index was read for.
    private static let pages: SQL = """
        do $$
        declare p integer; v_ids text[]; v_none text[] := '{}';
        begin
          for p in 0..14 loop
            select array_agg(to_char(p * 100 + n, 'FM00000') order by n) into v_ids from generate_series(1, 100) n;
            perform portolan.store_records(1, 1, 'toy', '1', array_fill('orders'::text, '{100}'), v_ids, array_fill(now(), '{100}'),
              array_fill(now(), '{100}'), array_fill(now(), '{100}'), array_fill('\\x01'::bytea, '{100}'), array_fill('{}'::text, '{100}'),
              array_fill(false, '{100}'), v_none, v_none, '{}', v_none);
          end loop;
          for p in 0..14 loop
            select array_agg(to_char(p * 100 + n, 'FM00000') order by n) into v_ids from generate_series(1, 100) n;
            perform portolan.store_records(1, 1, 'toy', '1', v_none, v_none, '{}', '{}', '{}', '{}', v_none, '{}',
              array_fill('orders'::text, '{100}'), v_ids, array_fill(now(), '{100}'), array_fill('webhook'::text, '{100}'));
          end loop;
        end $$
        """

    @Test("also in a table that nobody has analysed yet, where every index looks alike")
    func neverAnalysed() async throws {
        try await withDatabase(connectionsMax: 1) { pool, _ in
            let counts = try await pool.withTransaction { connection in
                try await connection.query(Self.pages)
                let rows = try await connection.query(
                    """
                    select (select count(*) filter (where deleted_at is not null) from portolan.raw_records),
                           sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) filter (where not i.indisprimary)::int8
                    from pg_index i where i.indrelid = 'portolan.raw_records'::regclass
                    """)
                return [try rows[0].decode(at: 0, as: Int64.self), try rows[0].decode(at: 1, as: Int64.self)]
            }
            #expect(counts == [1500, 0])
        }
    }
}
