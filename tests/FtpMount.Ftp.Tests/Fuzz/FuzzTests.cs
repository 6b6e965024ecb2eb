using System.Diagnostics;
using System.Globalization;
using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.DataConnection;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Ftp.Tests.Listing;
using FtpMount.Remote;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Fuzz;

/// <summary>
/// Feeds every parser of what a server sends with damaged real input, and checks what must hold whatever comes: no exception but the
/// documented one, nothing that grows beyond its input, and only names, numbers and times that are valid.
/// </summary>
/// <remarks>
/// A normal run does a fixed number of iterations from a fixed seed. <c>FTPMOUNT_FUZZ_SECONDS=600</c> runs each parser for that long from a random
/// seed, <c>FTPMOUNT_FUZZ_SEED=n</c> from that seed. A failure prints the seed and the input as a line for the corpus.
/// </remarks>
public sealed class FuzzTests
{
    private const int Iterations = 20_000;

    private static readonly DateTimeOffset Now = new(2026, 11, 22, 17, 0, 0, TimeSpan.Zero);
    private static readonly FakeTimeProvider Time = new(Now);

    private static readonly NameCodec[] Codecs = MakeCodecs();

    private static NameCodec[] MakeCodecs()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return [NameCodec.Utf8, new NameCodec(Encoding.Latin1), new NameCodec(Encoding.GetEncoding("shift_jis"))];
    }

    private static readonly byte[][] Corpus = Load("list");

    private delegate void Check(byte[] input, Random random);

    [Fact]
    public void Replies_in_any_pieces_are_read_alike_or_refused() => Fuzz("replies", static (input, random) =>
    {
        var whole = ReadReplies(input, input.Length, random, out var wholeRefused);
        var pieces = ReadReplies(input, random.Next(1, 20), random, out var piecesRefused);
        Assert.Equal(wholeRefused, piecesRefused);
        Assert.Equal(whole.Count, pieces.Count);
        Assert.True(whole.Sum(reply => reply.Bytes.Length) <= input.Length);
        for (var i = 0; i < whole.Count; i++)
        {
            var reply = whole[i];
            Assert.Equal(reply.Bytes, pieces[i].Bytes);
            Assert.InRange(reply.Code.Value, 100, 599);
            Assert.Equal(reply.Code, pieces[i].Code);
            Assert.InRange(reply.Text.Length, 3, 400);
            Assert.DoesNotContain(reply.Text, char.IsControl);
            var inner = 0;
            foreach (var line in reply.InnerLines)
            {
                inner += line.Length;
                Assert.False(line.Contains((byte)'\n'));
            }

            Assert.True(inner <= reply.Bytes.Length);
            CheckReply(reply);
        }
    });

    [Fact]
    public void Passive_replies_give_a_port_or_nothing() => Fuzz("passive", static (input, _) => CheckReply(Reply(227, input)));

    [Fact]
    public void Paths_in_replies_are_absolute_or_nothing() => Fuzz("paths", static (input, _) => CheckReply(Reply(257, input)));

    [Fact]
    public void Features_are_read_from_anything() => Fuzz("features", static (input, _) => CheckReply(Reply(211, input)));

    [Fact]
    public void Lines_of_MLSD_give_a_valid_entry_or_nothing() => Fuzz("mlsx", static (input, random) =>
    {
        var codec = Codecs[random.Next(Codecs.Length)];
        if (!MlsxEntryParser.TryParse(input, codec, out var parsed))
            return;
        var entry = parsed.Entry;
        CheckEntry(entry, codec, mayBeNameless: parsed.Type is MlsxType.CurrentDirectory or MlsxType.ParentDirectory);
        Assert.True(entry.Name.Length == 0 || input.AsSpan().TrimEnd((byte)'/').EndsWith(codec.Encode(entry.Name)), "The name is not that of the line.");
        Assert.Equal(parsed.Type == MlsxType.File, entry.Kind == RemoteKind.File);
        foreach (var time in new[] { entry.Modified, entry.Created })
            Assert.True(time is not { } t || (t.Precision > TimeSpan.Zero && t.Precision <= TimeSpan.FromSeconds(1)));
    });

    [Fact]
    public void Lines_of_LIST_give_a_valid_entry_or_nothing() => Fuzz("list", static (input, random) =>
    {
        var codec = Codecs[random.Next(Codecs.Length)];
        var parser = new ListLineParser(codec, Time, TimeSpan.FromMinutes(random.Next(-14 * 60, 14 * 60)));
        for (var time = 0; time < 2; time++)
        {
            if (!parser.TryParse(input, out var entry) || entry is null)
                return;
            CheckListed(entry, input, codec);
        }
    });

    [Fact]
    public void Listings_of_mixed_lines_give_valid_entries() => Fuzz("list", (input, random) =>
    {
        var codec = Codecs[random.Next(Codecs.Length)];
        var parser = new ListLineParser(codec, Time, TimeSpan.Zero);
        // Lines that other lines depend on, in front of, between and behind the damaged one.
        for (var i = random.Next(1, 6); i >= 0; i--)
        {
            var line = random.Next(3) == 0 ? input : Corpus[random.Next(Corpus.Length)];
            if (parser.TryParse(line, out var entry) && entry is not null)
                CheckEntry(entry, codec, mayBeNameless: false);
        }
    });

    [Fact]
    public void Times_survive_or_are_refused() => Fuzz("times", static (input, _) =>
    {
        if (!FtpTime.TryParse(input, out var time))
            return;
        Assert.True(FtpTime.TryParse(Encoding.ASCII.GetBytes(FtpTime.Format(time.Value)), out var again));
        Assert.True(time.Value - again.Value < TimeSpan.FromSeconds(1) && time.Value >= again.Value);
    });

    [Fact]
    public void A_listing_in_any_pieces_is_cut_into_its_lines() => Fuzz("list", static (input, random) =>
    {
        var expected = Encoding.Latin1.GetString(input).Split('\n');
        var splitter = new LineSplitter();
        var lines = new List<string>();
        for (var rest = input.AsSpan(); !rest.IsEmpty;)
        {
            var piece = rest[..Math.Min(rest.Length, Math.Min(random.Next(1, 100), splitter.GetBuffer().Length))];
            piece.CopyTo(splitter.GetBuffer().Span);
            splitter.Advance(piece.Length);
            rest = rest[piece.Length..];
            while (splitter.TryRead(out var line))
                lines.Add(Encoding.Latin1.GetString(line));
        }

        for (var i = 0; i < expected.Length - 1; i++)
            Assert.Equal(expected[i].EndsWith('\r') ? expected[i][..^1] : expected[i], lines[i]);
        Assert.Equal(expected.Length - 1, lines.Count);
        Assert.Equal(expected[^1], Encoding.Latin1.GetString(splitter.Rest));
    });

    /// <summary>Everything that is ever read out of a reply.</summary>
    private static void CheckReply(FtpReply reply)
    {
        if (PassiveReply.TryParseClassic(reply, out var port))
            Assert.InRange(port, 1, 65535);
        if (PassiveReply.TryParseExtended(reply, out port))
            Assert.InRange(port, 1, 65535);
        foreach (var codec in Codecs)
        {
            if (!PwdReply.TryParse(reply, codec, out var path))
                continue;
            Assert.StartsWith("/", path, StringComparison.Ordinal);
            try
            {
                Assert.StartsWith("/", RemotePath.Parse(path).Value, StringComparison.Ordinal);
            }
            catch (RemoteException e)
            {
                Assert.Equal(RemoteError.InvalidName, e.Error);
            }
        }

        foreach (var fact in FtpFeatures.Parse(reply).MlstFacts)
            Assert.True(fact.Name.Length <= reply.Bytes.Length);
        Assert.True(FtpStat.ReadSize(reply) is null or >= 0);
        Assert.True(FtpStat.ReadTime(reply) is not { } time || time.Precision > TimeSpan.Zero);
    }

    private static FtpReply Reply(int code, byte[] input) => new(new FtpReplyCode(code), input);

    private static List<FtpReply> ReadReplies(byte[] input, int longestPiece, Random random, out bool refused)
    {
        var reader = new FtpReplyReader();
        var replies = new List<FtpReply>();
        refused = false;
        try
        {
            for (var rest = input.AsSpan(); !rest.IsEmpty;)
            {
                var buffer = reader.GetBuffer().Span;
                var piece = rest[..Math.Min(Math.Min(rest.Length, buffer.Length), longestPiece == input.Length ? int.MaxValue : random.Next(1, longestPiece + 1))];
                piece.CopyTo(buffer);
                reader.Advance(piece.Length);
                rest = rest[piece.Length..];
                while (reader.TryRead(out var reply))
                    replies.Add(reply!);
            }
        }
        catch (RemoteException e)
        {
            Assert.Equal(RemoteError.ProtocolViolation, e.Error);
            Assert.DoesNotContain(e.Message, char.IsControl);
            refused = true;
        }

        return replies;
    }

    /// <summary>What holds for an entry of one line: its name is in the line, as it is; CMS joins two columns by a full stop.</summary>
    private static void CheckListed(RemoteEntry entry, byte[] input, NameCodec codec)
    {
        CheckEntry(entry, codec, mayBeNameless: false);
        var name = codec.Encode(entry.Name);
        var stops = Enumerable.Range(1, Math.Max(0, name.Length - 1)).Where(i => name[i] == (byte)'.');
        Assert.True(
            input.AsSpan().IndexOf(name) >= 0
                || stops.Any(stop => input.AsSpan().TrimStart(" \t"u8).StartsWith(name.AsSpan(0, stop)) && input.AsSpan().TrimStart(" \t"u8)[stop..].IndexOf(name.AsSpan(stop + 1)) > 0),
            "The name is not that of the line.");
        Assert.True(entry.Modified is not { } t
            || t.Precision == TimeSpan.FromSeconds(1) || t.Precision == TimeSpan.FromMinutes(1) || t.Precision == TimeSpan.FromDays(1));
    }

    private static void CheckEntry(RemoteEntry entry, NameCodec codec, bool mayBeNameless)
    {
        Assert.True(RemotePath.IsValidName(entry.Name) || (mayBeNameless && entry.Name.Length == 0), "The name is not valid.");
        Assert.True(entry.Size is null or >= 0);
        Assert.True(entry.Mode is null or (>= 0 and <= 0xFFF));
        Assert.True(entry.LinkTarget is null || (entry.LinkTarget.Length > 0 && entry.LinkTarget.IndexOfAny(['\0', '\r', '\n']) < 0));
        Assert.True(entry.LinkTarget is null || entry.Kind == RemoteKind.Symlink);
        Assert.True(codec.TryEncode(entry.Name, out _), "The name has no bytes.");
    }

    private static void Fuzz(string corpus, Check check)
    {
        var seconds = Setting("FTPMOUNT_FUZZ_SECONDS");
        var seed = Setting("FTPMOUNT_FUZZ_SEED") ?? (seconds is null ? 1 : Random.Shared.Next());
        var inputs = Load(corpus);
        var mutator = new Mutator(inputs, seed);
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        // First what the corpus holds as it is, then what becomes of it.
        for (long i = 0; seconds is { } limit ? clock.Elapsed.TotalSeconds < limit : i < Iterations; i++)
        {
            var input = i < inputs.Length ? inputs[i] : mutator.Next();
            try
            {
                check(input, random);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"{e.GetType().Name}: {e.Message}\nFTPMOUNT_FUZZ_SEED={seed}, iteration {i}, corpus {corpus}:\n{FuzzCorpus.Escape(input)}", e);
            }
        }
    }

    /// <summary>The inputs of a parser; for lines of listings the corpus of listings as well.</summary>
    private static byte[][] Load(string corpus)
    {
        var mark = corpus switch { "list" => '|', "mlsx" => '!', _ => '\0' };
        var lines = ListingCorpus.All.SelectMany(item => item.Before.Append(item.Line)).Where(line => line[0] == mark || (mark == '|' && line[0] == '>'));
        return [.. FuzzCorpus.Load(corpus), .. lines.Select(line => FuzzCorpus.Unescape(line[2..]))];
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
