using System.Globalization;
using System.Text;
using CsCheck;
using FtpMount.Ftp.Listing;
using FtpMount.Remote;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Listing;

/// <summary>What is written as a server writes it is read as it was, for entries and names of every kind.</summary>
public sealed class ListingPropertyTests
{
    private static readonly DateTimeOffset Now = new(2024, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private const string Confusing = " ;=->.:\\[]<>\"'*?#%";

    /// <summary>Names of any bytes but those that no name can have, with many of those that confuse parsers.</summary>
    private static readonly Gen<byte[]> NameBytes = Gen.Frequency(
            (4, Gen.Byte[0x20, 0x7E]),
            (2, Gen.Int[0, Confusing.Length - 1].Select(i => (byte)Confusing[i])),
            (2, Gen.Byte[0x80, 0xFF]),
            (1, Gen.Byte[1, 0x1F]))
        .Array[1, 60]
        .Where(name => RemotePath.IsValidName(NameCodec.Utf8.Decode(name)));

    private static readonly Gen<DateTimeOffset> Times = Gen.Long[0, 4_000_000_000L].Select(DateTimeOffset.FromUnixTimeSeconds);

    private static readonly Gen<RemoteEntry> Entries = Gen.Select(
        NameBytes.Select(bytes => NameCodec.Utf8.Decode(bytes)),
        Gen.Enum<RemoteKind>(),
        Gen.Long[0, long.MaxValue],
        Times,
        Gen.Int[0, 0xFFF],
        Gen.UInt,
        Gen.UInt,
        (name, kind, size, time, mode, user, group) => new RemoteEntry
        {
            Name = name,
            Kind = kind,
            Size = size,
            Modified = new RemoteTime(time, Second),
            Mode = mode,
            UserId = user,
            GroupId = group,
        });

    [Fact]
    public void Every_entry_survives_MLSD() =>
        Gen.Select(Entries, Gen.Int, Gen.Bool).Sample((entry, seed, upper) =>
        {
            string[] facts =
            [
                entry.Kind switch
                {
                    RemoteKind.File => "type=file;",
                    RemoteKind.Directory => "type=dir;",
                    RemoteKind.Symlink => "type=OS.unix=slink:to;",
                    _ => "type=OS.unix=fifo;",
                },
                $"size={entry.Size};",
                $"modify={FtpTime.Format(entry.Modified!.Value.Value)};",
                $"UNIX.mode=0{Convert.ToString(entry.Mode!.Value, 8)};",
                $"UNIX.uid={entry.UserId};",
                $"UNIX.gid={entry.GroupId};",
                "x.vendor=whatever;",
            ];
            new Random(seed).Shuffle(facts);
            if (upper)
                facts = [.. facts.Select(fact => fact.Split('=', 2)).Select(pair => $"{pair[0].ToUpperInvariant()}={pair[1]}")];
            var text = string.Concat(facts);
            byte[] line = [.. Encoding.ASCII.GetBytes(text), (byte)' ', .. NameCodec.Utf8.Encode(entry.Name)];
            Assert.True(MlsxEntryParser.TryParse(line, NameCodec.Utf8, out var parsed));
            Assert.Equal(entry.Kind == RemoteKind.Symlink ? entry with { LinkTarget = "to" } : entry, parsed.Entry);
        });

    [Fact]
    public void Every_entry_survives_LIST() =>
        Gen.Select(Entries, Gen.Int[0, 3], Gen.Int[-14, 14]).Sample((entry, style, hours) =>
        {
            if (entry.Kind == RemoteKind.Symlink && entry.Name.Contains(" -> ", StringComparison.Ordinal))
                return;
            var offset = TimeSpan.FromHours(hours);
            var time = entry.Modified!.Value.Value;
            var shown = (time + offset).UtcDateTime;
            var (date, precision) = style switch
            {
                0 => (shown.ToString("MMM dd  yyyy", CultureInfo.InvariantCulture), TimeSpan.FromDays(1)),
                1 => (shown.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), TimeSpan.FromMinutes(1)),
                2 => (shown.ToString("yyyy-MM-dd HH:mm:ss.000000000", CultureInfo.InvariantCulture)
                      + (hours < 0 ? "-" : "+") + Math.Abs(hours).ToString("00", null) + "00", Second),
                _ => (shown.ToString("MMM dd HH:mm:ss yyyy", CultureInfo.InvariantCulture), Second),
            };
            if (style == 2)
                date = date.Insert(date.Length - 5, " ");
            var kind = entry.Kind switch { RemoteKind.File => '-', RemoteKind.Directory => 'd', RemoteKind.Symlink => 'l', _ => 'p' };
            var head = $"{kind}{Permissions(entry.Mode!.Value)} 1 {entry.UserId,-8} {entry.GroupId,-8} {entry.Size,8} {date} ";
            byte[] line = [.. Encoding.ASCII.GetBytes(head), .. NameCodec.Utf8.Encode(entry.Name)];
            var parser = new ListLineParser(NameCodec.Utf8, new FakeTimeProvider(Now), style == 2 ? TimeSpan.Zero : offset);
            Assert.True(parser.TryParse(line, out var parsed));
            var local = new DateTimeOffset(shown.Ticks - (shown.Ticks % precision.Ticks) - offset.Ticks, TimeSpan.Zero);
            Assert.Equal(entry with { Modified = new RemoteTime(local, precision) }, parsed);
        });

    [Fact]
    public void Every_recent_time_gets_its_year_back() =>
        Gen.Select(Times, Gen.Int[0, 363 * 24 * 60], Gen.Int[-14, 14]).Sample((now, minutesAgo, hours) =>
        {
            var offset = TimeSpan.FromHours(hours);
            var time = now.AddMinutes(-minutesAgo);
            var shown = (time + offset).UtcDateTime;
            var parser = new ListLineParser(NameCodec.Utf8, new FakeTimeProvider(now), offset);
            var line = Encoding.ASCII.GetBytes($"-rw-r--r-- 1 u g 1 {shown.ToString("MMM dd HH:mm", CultureInfo.InvariantCulture)} x");
            Assert.True(parser.TryParse(line, out var entry));
            Assert.Equal(time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMinute)), entry!.Modified!.Value.Value);
        });

    [Fact]
    public void Every_entry_survives_a_DOS_listing() =>
        Gen.Select(Entries, Gen.Int[0, 3]).Sample((entry, style) =>
        {
            var isDirectory = entry.Kind == RemoteKind.Directory;
            var time = entry.Modified!.Value.Value;
            if (style is 0 or 1 && time.Year is < 1970 or >= 2070)
                return;
            var date = time.ToString(
                style switch { 0 => "MM-dd-yy  hh:mmtt", 1 => "MM-dd-yy  HH:mm", 2 => "MM-dd-yyyy  hh:mmtt", _ => "yyyy-MM-dd  HH:mm" },
                CultureInfo.InvariantCulture);
            var head = isDirectory ? $"{date}       <DIR>          " : $"{date} {entry.Size,20} ";
            byte[] line = [.. Encoding.ASCII.GetBytes(head), .. NameCodec.Utf8.Encode(entry.Name)];
            var parser = new ListLineParser(NameCodec.Utf8, new FakeTimeProvider(Now), TimeSpan.Zero);
            Assert.True(parser.TryParse(line, out var parsed));
            Assert.Equal(
                new RemoteEntry
                {
                    Name = entry.Name,
                    Kind = isDirectory ? RemoteKind.Directory : RemoteKind.File,
                    Size = isDirectory ? null : entry.Size,
                    Modified = new RemoteTime(time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMinute)), TimeSpan.FromMinutes(1)),
                },
                parsed);
        });

    [Fact]
    public void Any_bytes_are_read_or_refused() =>
        Gen.Byte.Array[0, 200].Sample(line =>
        {
            if (MlsxEntryParser.TryParse(line, NameCodec.Utf8, out var mlsx))
                Assert.True(mlsx.Entry.Name.Length == 0 || RemotePath.IsValidName(mlsx.Entry.Name));
            var parser = new ListLineParser(NameCodec.Utf8, new FakeTimeProvider(Now), TimeSpan.Zero);
            if (parser.TryParse(line, out var entry) && entry is not null)
                Assert.True(RemotePath.IsValidName(entry.Name));
            Assert.Equal(default, FtpTime.TryParse(line, out var time) ? default : time);
        });

    private static string Permissions(int mode)
    {
        Span<char> text = stackalloc char[9];
        for (var i = 0; i < 9; i++)
            text[i] = (mode >> (8 - i) & 1) != 0 ? "rwx"[i % 3] : '-';
        for (var i = 0; i < 3; i++)
        {
            if ((mode >> (11 - i) & 1) == 0)
                continue;
            ref var x = ref text[(i * 3) + 2];
            x = (x == 'x', i) switch { (true, 2) => 't', (false, 2) => 'T', (true, _) => 's', _ => 'S' };
        }

        return text.ToString();
    }
}
