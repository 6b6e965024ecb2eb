using CsCheck;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.WriteBack;

namespace FtpMount.Vfs.Tests;

/// <summary>Whatever part of the journal's writes has come to the disk: it opens, and holds what it held after one of its transactions.</summary>
public sealed class JournalPrefixTests
{
    private const int Transactions = 40;

    [Fact]
    public void Any_prefix_of_its_writes_is_the_state_after_some_transaction()
    {
        var directory = Path.Combine(Path.GetTempPath(), $"ftpmount-journal-{Guid.NewGuid():n}");
        Directory.CreateDirectory(directory);
        try
        {
            var states = Fill(Path.Combine(directory, "written"), out var database, out var log);
            Assert.Equal(states[^1], Open(directory, database, log, log.Length));
            Gen.Select(Gen.Int[0, log.Length], Gen.Bool).Sample(
                (length, damages) =>
                {
                    var state = Array.IndexOf(states, Open(directory, database, log, length, damages));
                    Assert.InRange(state, 0, Transactions);

                    // What was written later never takes away what was whole before.
                    if (length + (log.Length / Transactions) < log.Length && !damages)
                        Assert.InRange(Array.IndexOf(states, Open(directory, database, log, length + (log.Length / Transactions))), state, Transactions);
                },
                iter: 60,
                threads: 1);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Writes a journal and takes its files as they are while it is open.</summary>
    private static string[] Fill(string directory, out byte[] database, out byte[] log)
    {
        Directory.CreateDirectory(directory);
        var states = new List<string>();
        using var journal = JournalDatabase.Open(directory);
        database = File.ReadAllBytes(journal.Path);
        states.Add(Describe(journal.Read()));
        for (var i = 1; i <= Transactions; i++)
        {
            var number = i;
            journal.InTransaction(
                d =>
                {
                    d.Put(new JournaledFile { Id = number, Path = RemotePath.Parse($"/d{number % 3}/f{number}"), Staging = $"{number}.staging", VisibleBase = number });
                    d.AddExtent(number, new ByteRange(number, number + 10));
                    d.PutRemnant(RemotePath.Parse($"/d{number % 3}/.ftpmount-{number:x16}.part"), null);
                    if (number % 3 == 0)
                        d.Remove(number - 2);
                    if (number % 4 == 0)
                        d.RemoveRemnant(RemotePath.Parse($"/d{(number - 3) % 3}/.ftpmount-{number - 3:x16}.part"));
                    if (number % 7 == 0)
                        d.RenameBelow(RemotePath.Parse($"/d{number % 3}"), RemotePath.Parse($"/e{number}"));
                    if (number % 5 == 0)
                        d.PutPublication(RemotePath.Parse($"/d{number % 3}/f{number}"), new FileVersion(number, new RemoteTime(DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1)), null));
                    d.Seal(number, new JournalSeal(number, (ulong)number));
                },
                durably: number % 6 == 0);
            states.Add(Describe(journal.Read()));
        }

        log = File.ReadAllBytes(journal.Path + "-wal");
        return [.. states];
    }

    private static string Open(string directory, byte[] database, byte[] log, int length, bool damages = false)
    {
        var copy = Path.Combine(directory, Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(copy);
        var path = Path.Combine(copy, JournalDatabase.FileName);
        File.WriteAllBytes(path, database);
        var part = log[..length];
        if (damages && length > 0)
            part[^1] ^= 0x5A;
        File.WriteAllBytes(path + "-wal", part);
        using (var journal = JournalDatabase.Open(copy))
            return Describe(journal.Read());
    }

    private static string Describe(JournalContents contents) => string.Join('\n', [
        .. contents.Files.Select(f => $"{f.Id} {f.Path} {f.Staging} {f.VisibleBase} {string.Join(',', f.Extents)} {f.Seal}"),
        .. contents.Renames.Select(r => r.ToString()),
        .. contents.Remnants.Select(r => r.ToString()).Order(StringComparer.Ordinal),
        .. contents.Publications.Select(p => p.ToString()).Order(StringComparer.Ordinal),
    ]);
}
