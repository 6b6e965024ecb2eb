using System.Globalization;
using System.Runtime.InteropServices;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using Microsoft.Data.Sqlite;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// The journal as a database: SQLite with a write-ahead log, opened by one process at a time, of one version. Every member works on the caller's thread and throws
/// <see cref="JournalException"/>; <see cref="Journal"/> gives it a thread of its own.
/// </summary>
/// <remarks>
/// Paths are stored as UTF-16: names that are not text in the server's charset are carried by lone surrogates (<see cref="NameCodec"/>), which UTF-8 cannot hold.
/// </remarks>
internal sealed class JournalDatabase : IDisposable
{
    /// <summary>The version of the tables. A change of theirs is a new version, and <see cref="Open"/> learns to bring the old one to it.</summary>
    public const int SchemaVersion = 1;

    /// <summary>The database's name in the state folder.</summary>
    public const string FileName = "journal.db";

    /// <summary>"FtMJ", so that file(1) and this program know what it is.</summary>
    private const int ApplicationId = 0x46744D4A;

    private const int SqliteBusy = 5;
    private const int SqliteFull = 13;
    private const int SqliteNotADatabase = 26;
    private const int SqliteCorrupt = 11;
    private const int Enospc = 28;

    /// <summary>
    /// Kept back on the disk for the journal: removing a file frees the room that its content takes, but has to be written down before. Enough for some hundred changes.
    /// </summary>
    private const long Reserve = 1 << 20;

    /// <summary>How many transactions after the reserve was needed it is tried to keep it back again.</summary>
    private const int TransactionsBeforeRenewal = 100;

    /// <summary>The log goes back into the database when it has so many bytes: that waits for the disk twice, however much it is.</summary>
    private const long LongestLog = 32 << 20;

    /// <summary>How many transactions there are between two looks at the log's length.</summary>
    private const int TransactionsBetweenLooks = 1000;

    private const string Schema =
        """
        CREATE TABLE epoch (boot TEXT NOT NULL, identity TEXT NOT NULL, syncs INTEGER NOT NULL);
        INSERT INTO epoch VALUES ('', '', 0);
        CREATE TABLE file (
          id INTEGER PRIMARY KEY, path BLOB NOT NULL, staging TEXT NOT NULL,
          base_size INTEGER, base_modified INTEGER, base_precision INTEGER, base_unique TEXT, base_mode INTEGER, base_links INTEGER, visible_base INTEGER NOT NULL,
          mode INTEGER, modified INTEGER, state INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT,
          sealed_length INTEGER, sealed_checksum INTEGER);
        CREATE TABLE extent (file INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (file, start, "end")) WITHOUT ROWID;
        CREATE TABLE rename (id INTEGER PRIMARY KEY, source BLOB NOT NULL, target BLOB NOT NULL);
        CREATE TABLE remnant (path BLOB PRIMARY KEY, original BLOB) WITHOUT ROWID;
        """;

    /// <summary>Of a journal that was made without it, it is an addition that changes nothing else.</summary>
    private const string Addition =
        "CREATE TABLE IF NOT EXISTS publication (path BLOB PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, precision INTEGER NOT NULL) WITHOUT ROWID";

    /// <summary>The same, of a table that was made without the column.</summary>
    private const string AddedColumn = "ALTER TABLE file ADD COLUMN base_links INTEGER";

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = [];
    private readonly string _path;
    private DiskReserve? _reserve;
    private int _sinceRelease;
    private bool _isFull;
    private int _transactions;

    private JournalDatabase(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    /// <summary>Where it is.</summary>
    public string Path => _path;

    /// <summary>Opens the journal of a state folder, or makes it.</summary>
    /// <exception cref="JournalException">Another process has it open, it is of a later version, it is damaged, or the disk failed.</exception>
    public static JournalDatabase Open(string directory)
    {
        var path = System.IO.Path.Combine(directory, FileName);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        var database = new JournalDatabase(connection, path);
        try
        {
            LocalDisk.OpenPrivate(path, FileMode.OpenOrCreate).Dispose();
            connection.Open();

            // The lock is held as long as the connection: nobody else reads half of what is going on. With it the log needs no shared memory.
            database.Run("PRAGMA locking_mode = EXCLUSIVE");
            database.Run("PRAGMA journal_mode = WAL");
            database.Run("PRAGMA synchronous = NORMAL");
            database.Run("PRAGMA wal_autocheckpoint = 0");
            database.Run("BEGIN EXCLUSIVE");
            database.Prepare(directory);
            database.Run("COMMIT");
            database._reserve = new DiskReserve(System.IO.Path.Combine(directory, "reserve"), Reserve);
            return database;
        }
        catch (SqliteException e)
        {
            database.Dispose();
            throw database.Failure(e, "opened");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Does something as a whole or not at all.</summary>
    /// <param name="action">What.</param>
    /// <param name="durably">Whether it must survive a power failure when this returns, with everything before it.</param>
    /// <exception cref="JournalException">It is not done.</exception>
    public void InTransaction(Action<JournalDatabase> action, bool durably)
    {
        try
        {
            try
            {
                Transact(action, durably);
            }
            catch (SqliteException e) when (e.SqliteErrorCode == SqliteFull && _reserve is { } reserve && reserve.TryRelease())
            {
                _sinceRelease = 0;
                Transact(action, durably);
            }
        }
        catch (SqliteException e)
        {
            throw Failure(e, "written");
        }

        if (_reserve is { IsHeld: false } && ++_sinceRelease % TransactionsBeforeRenewal == 0)
            _reserve.Renew();
    }

    private void Transact(Action<JournalDatabase> action, bool durably)
    {
        if (durably != _isFull)
        {
            Run(durably ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            _isFull = durably;
        }

        Run("BEGIN IMMEDIATE");
        try
        {
            action(this);
            if (durably)
                Run("UPDATE epoch SET syncs = syncs + 1");
            Run("COMMIT");
            _transactions++;
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    /// <summary>Brings a log that has grown long back into the database, and shortens it. When that fails it only goes on growing until the next time.</summary>
    public void ReturnLog()
    {
        if (_transactions < TransactionsBetweenLooks)
            return;
        _transactions = 0;
        var log = new FileInfo(_path + "-wal");
        if (!log.Exists || log.Length < LongestLog)
            return;
        try
        {
            Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            // The disk is full or fails: the next transaction says so to whoever needs it.
        }
    }

    /// <summary>Everything in it.</summary>
    /// <exception cref="JournalException">It cannot be read.</exception>
    public JournalContents Read()
    {
        try
        {
            var extents = new Dictionary<long, List<ByteRange>>();
            using (var rows = Command("SELECT file, start, \"end\" FROM extent").ExecuteReader())
            {
                while (rows.Read())
                {
                    if (!extents.TryGetValue(rows.GetInt64(0), out var list))
                        extents.Add(rows.GetInt64(0), list = []);
                    list.Add(new ByteRange(rows.GetInt64(1), rows.GetInt64(2)));
                }
            }

            var files = new List<JournaledFile>();
            using (var rows = Command(
                "SELECT id, path, staging, base_size, base_modified, base_precision, base_unique, base_mode, visible_base, mode, modified, state, attempts, error, "
                + "sealed_length, sealed_checksum, base_links FROM file ORDER BY id").ExecuteReader())
            {
                while (rows.Read())
                    files.Add(ReadFile(rows, extents));
            }

            var renames = new List<JournaledRename>();
            using (var rows = Command("SELECT id, source, target FROM rename ORDER BY id").ExecuteReader())
            {
                while (rows.Read())
                    renames.Add(new JournaledRename(rows.GetInt64(0), PathOf(rows, 1), PathOf(rows, 2)));
            }

            var remnants = new List<JournaledRemnant>();
            using (var rows = Command("SELECT path, original FROM remnant").ExecuteReader())
            {
                while (rows.Read())
                    remnants.Add(new JournaledRemnant(PathOf(rows, 0), rows.IsDBNull(1) ? null : PathOf(rows, 1)));
            }

            return new JournalContents(files, renames, remnants, ReadPublications());
        }
        catch (SqliteException e)
        {
            throw Failure(e, "read");
        }
    }

    /// <summary>The epoch in which it was last written.</summary>
    /// <exception cref="JournalException">It cannot be read.</exception>
    public MachineEpoch ReadEpoch()
    {
        try
        {
            using var rows = Command("SELECT boot, identity FROM epoch").ExecuteReader();
            return rows.Read() ? new MachineEpoch(rows.GetString(0), rows.GetString(1)) : default;
        }
        catch (SqliteException e)
        {
            throw Failure(e, "read");
        }
    }

    // What a transaction consists of.

    public void SetEpoch(MachineEpoch epoch) => Execute("UPDATE epoch SET boot = $a, identity = $b", epoch.Boot, epoch.Identity);

    /// <summary>Adds or changes a file's record, but for its extents and its seal.</summary>
    public void Put(JournaledFile file) => Execute(
        "INSERT INTO file (id, path, staging, base_size, base_modified, base_precision, base_unique, base_mode, visible_base, mode, modified, state, attempts, error, base_links) "
        + "VALUES ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j, $k, $l, $m, $n, $o) ON CONFLICT (id) DO UPDATE SET path = $b, staging = $c, base_size = $d, base_modified = $e, "
        + "base_precision = $f, base_unique = $g, base_mode = $h, visible_base = $i, mode = $j, modified = $k, state = $l, attempts = $m, error = $n, base_links = $o",
        file.Id,
        Bytes(file.Path),
        file.Staging,
        file.Base?.Size,
        file.Base?.Modified?.Value.UtcTicks,
        file.Base?.Modified?.Precision.Ticks,
        file.Base?.UniqueId,
        file.BaseMode,
        file.VisibleBase,
        file.Mode,
        file.Modified?.Ticks,
        (int)file.State,
        file.Attempts,
        file.Error,
        file.BaseLinkCount);

    public void AddExtent(long file, ByteRange range) =>
        Execute("INSERT OR IGNORE INTO extent VALUES ($a, $b, $c)", file, range.Start, range.End);

    public void Seal(long file, JournalSeal seal) =>
        Execute("UPDATE file SET sealed_length = $b, sealed_checksum = $c WHERE id = $a", file, seal.Length, unchecked((long)seal.Checksum));

    public void Remove(long file)
    {
        Execute("DELETE FROM extent WHERE file = $a", file);
        Execute("DELETE FROM file WHERE id = $a", file);
    }

    public void PutRename(JournaledRename rename) =>
        Execute("INSERT OR REPLACE INTO rename VALUES ($a, $b, $c)", rename.Id, Bytes(rename.Source), Bytes(rename.Target));

    public void RemoveRename(long id) => Execute("DELETE FROM rename WHERE id = $a", id);

    public void PutRemnant(RemotePath path, RemotePath? original) =>
        Execute("INSERT OR REPLACE INTO remnant VALUES ($a, $b)", Bytes(path), original is { } known ? Bytes(known) : null);

    public void PutPublication(RemotePath path, FileVersion version) => Execute(
        "INSERT OR REPLACE INTO publication VALUES ($a, $b, $c, $d)",
        Bytes(path),
        version.Size,
        version.Modified!.Value.Value.UtcTicks,
        version.Modified.Value.Precision.Ticks);

    public void RemovePublication(RemotePath path) => Execute("DELETE FROM publication WHERE path = $a", Bytes(path));

    public void RemoveRemnant(RemotePath path) => Execute("DELETE FROM remnant WHERE path = $a", Bytes(path));

    /// <summary>What was at or below one path is at or below another; of files those with a number below <paramref name="before"/>.</summary>
    public void RenameBelow(RemotePath source, RemotePath target, long before = long.MaxValue)
    {
        var files = new List<(long Id, RemotePath Path)>();
        using (var rows = Command("SELECT id, path FROM file").ExecuteReader())
        {
            while (rows.Read())
                files.Add((rows.GetInt64(0), PathOf(rows, 1)));
        }

        foreach (var (id, path) in files.Where(f => f.Id < before && f.Path.IsAtOrBelow(source)))
            Execute("UPDATE file SET path = $b WHERE id = $a", id, Bytes(path.Moved(source, target)));
        var remnants = new List<JournaledRemnant>();
        using (var rows = Command("SELECT path, original FROM remnant").ExecuteReader())
        {
            while (rows.Read())
                remnants.Add(new JournaledRemnant(PathOf(rows, 0), rows.IsDBNull(1) ? null : PathOf(rows, 1)));
        }

        foreach (var publication in ReadPublications().Where(p => p.Path.IsAtOrBelow(source)))
        {
            RemovePublication(publication.Path);
            PutPublication(publication.Path.Moved(source, target), publication.Version);
        }

        foreach (var remnant in remnants.Where(r => r.Path.IsAtOrBelow(source)))
        {
            RemoveRemnant(remnant.Path);
            PutRemnant(remnant.Path.Moved(source, target), remnant.Original is { } known && known.IsAtOrBelow(source) ? known.Moved(source, target) : remnant.Original);
        }
    }

    private List<JournaledPublication> ReadPublications()
    {
        var publications = new List<JournaledPublication>();
        using var rows = Command("SELECT path, size, modified, precision FROM publication").ExecuteReader();
        while (rows.Read())
        {
            var modified = new RemoteTime(new DateTimeOffset(rows.GetInt64(2), TimeSpan.Zero), TimeSpan.FromTicks(rows.GetInt64(3)));
            publications.Add(new JournaledPublication(PathOf(rows, 0), new FileVersion(rows.GetInt64(1), modified, null)));
        }

        return publications;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();

        // Closing brings the log back into the database, which may need the room.
        _reserve?.Dispose();
        _connection.Dispose();
    }

    private static JournaledFile ReadFile(SqliteDataReader row, Dictionary<long, List<ByteRange>> extents)
    {
        FileVersion? version = null;
        if (!row.IsDBNull(3))
        {
            RemoteTime? modified = row.IsDBNull(4)
                ? null
                : new RemoteTime(new DateTimeOffset(row.GetInt64(4), TimeSpan.Zero), TimeSpan.FromTicks(row.GetInt64(5)));
            version = new FileVersion(row.GetInt64(3), modified, row.IsDBNull(6) ? null : row.GetString(6));
        }

        return new JournaledFile
        {
            Id = row.GetInt64(0),
            Path = PathOf(row, 1),
            Staging = row.GetString(2),
            Base = version,
            BaseMode = row.IsDBNull(7) ? null : row.GetInt32(7),
            VisibleBase = row.GetInt64(8),
            Extents = extents.TryGetValue(row.GetInt64(0), out var written) ? written : [],
            Mode = row.IsDBNull(9) ? null : row.GetInt32(9),
            Modified = row.IsDBNull(10) ? null : new DateTime(row.GetInt64(10), DateTimeKind.Utc),
            State = (JournaledState)row.GetInt32(11),
            Attempts = row.GetInt32(12),
            Error = row.IsDBNull(13) ? null : row.GetString(13),
            BaseLinkCount = row.IsDBNull(16) ? null : row.GetInt32(16),
            Seal = row.IsDBNull(14) ? null : new JournalSeal(row.GetInt64(14), unchecked((ulong)row.GetInt64(15))),
        };
    }

    private static byte[] Bytes(RemotePath path) => MemoryMarshal.AsBytes(path.Value.AsSpan()).ToArray();

    private static RemotePath PathOf(SqliteDataReader row, int column) =>
        RemotePath.Parse(new string(MemoryMarshal.Cast<byte, char>((byte[])row.GetValue(column))));

    private void Prepare(string directory)
    {
        var version = (long)Command("PRAGMA user_version").ExecuteScalar()!;
        var application = (long)Command("PRAGMA application_id").ExecuteScalar()!;
        if (version == 0 && application == 0)
        {
            Run(Schema);
            Run(Addition);
            Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
            Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {SchemaVersion}"));
            return;
        }

        if (application != ApplicationId)
            throw new JournalException($"{_path} is not a journal of ftpmount; move it away, or name another state-dir.");
        if (version != SchemaVersion)
        {
            throw new JournalException(
                $"The journal in {directory} is of version {version}, and this ftpmount knows version {SchemaVersion}: "
                + "mount once with the ftpmount that wrote it, so that it sends what is pending.");
        }

        Run(Addition);
        if ((long)Command("SELECT COUNT(*) FROM pragma_table_info('file') WHERE name = 'base_links'").ExecuteScalar()! == 0)
            Run(AddedColumn);
    }

    private void Execute(string text, params ReadOnlySpan<object?> values)
    {
        var command = Command(text);
        for (var i = 0; i < values.Length; i++)
        {
            if (command.Parameters.Count == i)
                command.Parameters.AddWithValue($"${(char)('a' + i)}", values[i] ?? DBNull.Value);
            else
                command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string text)
    {
        if (_commands.TryGetValue(text, out var known))
            return known;
        var command = _connection.CreateCommand();
        command.CommandText = text;
        _commands.Add(text, command);
        return command;
    }

    private void Run(string text)
    {
        if (text.StartsWith("PRAGMA", StringComparison.Ordinal))
        {
            using var pragma = _connection.CreateCommand();
            pragma.CommandText = text;
            pragma.ExecuteScalar();
            return;
        }

        Command(text).ExecuteNonQuery();
    }

    private void RollBack()
    {
        try
        {
            Run("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled it back itself.
        }
    }

    private JournalException Failure(SqliteException e, string what) => e.SqliteErrorCode switch
    {
        SqliteBusy => new JournalException($"The journal {_path} is in use by another ftpmount; 'ftpmount status' shows it.", 0, e),
        SqliteFull => new JournalException($"The journal {_path} could not be {what}: the local disk is full.", Enospc, e),
        SqliteCorrupt or SqliteNotADatabase => new JournalException(
            $"The journal {_path} is damaged ({e.Message}). The contents that were not sent are beside it in 'staging'; move the folder away to mount without them.", 0, e),
        _ => new JournalException($"The journal {_path} could not be {what}: {e.Message}", 0, e),
    };
}
