using System.Text;
using FtpMount.Ftp.Listing;
using FtpMount.Remote;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Listing;

public sealed class ListLineParserTests
{
    private static readonly DateTimeOffset Now = new(2024, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private static ListLineParser Parser(TimeSpan offset = default, DateTimeOffset? now = null) =>
        new(NameCodec.Utf8, new FakeTimeProvider(now ?? Now), offset);

    private static RemoteEntry Parse(string line, TimeSpan offset = default, DateTimeOffset? now = null)
    {
        Assert.True(Parser(offset, now).TryParse(Encoding.UTF8.GetBytes(line), out var entry), line);
        Assert.NotNull(entry);
        return entry;
    }

    private static (DateTime, TimeSpan) Time(RemoteEntry entry) => (entry.Modified!.Value.Value.UtcDateTime, entry.Modified.Value.Precision);

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_line_of_vsftpd_is_read_whole() =>
        Assert.Equal(
            new RemoteEntry
            {
                Name = "hello world.txt",
                Kind = RemoteKind.File,
                Size = 1234,
                Modified = new RemoteTime(new DateTimeOffset(2024, 2, 29, 23, 59, 0, TimeSpan.Zero), Minute),
                Mode = 0x1A4,
                UserId = 1000,
                GroupId = 100,
            },
            Parse("-rw-r--r--    1 1000     100          1234 Feb 29 23:59 hello world.txt"));

    [Theory]
    [InlineData("drwxr-xr-x   2 owner group     4096 Mar  1  2020 x", "owner", "group", 4096L)]
    [InlineData("drwxr-xr-x   2 owner           4096 Mar  1  2020 x", "owner", null, 4096L)]
    [InlineData("drwxr-xr-x+  2 owner group     4096 Mar  1  2020 x", "owner", "group", 4096L)]
    [InlineData("drwxr-xr-x.  2 owner group     4096 Mar  1  2020 x", "owner", "group", 4096L)]
    [InlineData("drwxr-xr-x@  2 owner group     4096 Mar  1  2020 x", "owner", "group", 4096L)]
    [InlineData("drwxr-xr-x   2 owner group with spaces 4096 Mar  1  2020 x", null, null, 4096L)]
    [InlineData("drwxr-xr-x   owner group     4096 Mar  1  2020 x", "owner", "group", 4096L)]
    [InlineData("drwxr-xr-x   2 Mar May     4096 Mar  1  2020 x", "Mar", "May", 4096L)]
    [InlineData("drwxr-xr-x   2 u 5 -4096 Mar  1  2020 x", "u", null, null)]
    [InlineData("drwxr-xr-x   2 u g 99999999999999999999 Mar  1  2020 x", "u", "g", null)]
    public void The_columns_before_the_date_vary(string line, string? owner, string? group, long? size)
    {
        var entry = Parse(line);
        Assert.Equal(("x", RemoteKind.Directory, owner, group, size), (entry.Name, entry.Kind, entry.Owner, entry.Group, entry.Size));
        Assert.Equal((new DateTime(2020, 3, 1), Day), Time(entry));
    }

    [Theory]
    [InlineData("crw-rw----   1 root  dialout   4,  64 Jan  5 10:00 ttyS0")]
    [InlineData("brw-rw----   1 root  dialout   4,64 Jan  5 10:00 ttyS0")]
    public void A_device_has_no_size(string line)
    {
        var entry = Parse(line);
        Assert.Equal(("ttyS0", RemoteKind.Other, null, "root", "dialout"), (entry.Name, entry.Kind, entry.Size, entry.Owner, entry.Group));
    }

    [Theory]
    [InlineData("-rwsr-xr-x", "4755")]
    [InlineData("-rwSr-xr-x", "4655")]
    [InlineData("-rwxr-sr-x", "2755")]
    [InlineData("-rwxr-Sr-x", "2745")]
    [InlineData("-rwxr-lr-x", "2745")]
    [InlineData("drwxrwxrwt", "1777")]
    [InlineData("drwxrwxrwT", "1776")]
    [InlineData("----------", "0")]
    [InlineData("prw-------", "600")]
    public void Permissions_become_mode_bits(string permissions, string octal) =>
        Assert.Equal(Convert.ToInt32(octal, 8), Parse($"{permissions} 1 u g 0 Jan 1 2020 x").Mode);

    [Theory]
    [InlineData("lrwxrwxrwx 1 u g 6 Jan 1 2020 link -> target", "link", "target")]
    [InlineData("lrwxrwxrwx 1 u g 0 Jan 1 2020 link -> target", "link", "target")]
    [InlineData("lrwxrwxrwx 1 u g 1 Jan 1 2020 a -> b -> c", "a -> b", "c")]
    [InlineData("lrwxrwxrwx 1 u g 6 Jan 1 2020 a -> b -> c", "a", "b -> c")]
    [InlineData("lrwxrwxrwx 1 u g 9 Jan 1 2020 a -> b -> c", "a", "b -> c")]
    [InlineData("lrwxrwxrwx 1 u g 6 Jan 1 2020 no target", "no target", null)]
    [InlineData("lrwxrwxrwx 1 u g 6 Jan 1 2020 link -> ", "link", null)]
    [InlineData("-rw-r--r-- 1 u g 6 Jan 1 2020 file -> not", "file -> not", null)]
    public void A_link_is_parted_from_its_target(string line, string name, string? target)
    {
        var entry = Parse(line);
        Assert.Equal((name, target), (entry.Name, entry.LinkTarget));
    }

    [Theory]
    [InlineData("Jan  5 10:30", 2024, 1, 5, 10, 30, 0)]
    [InlineData("jan  5 10:30", 2024, 1, 5, 10, 30, 0)]
    [InlineData("Jan  5  9:30", 2024, 1, 5, 9, 30, 0)]
    [InlineData(" 5 Jan 10:30", 2024, 1, 5, 10, 30, 0)]
    [InlineData(" 5. Jan 10:30", 2024, 1, 5, 10, 30, 0)]
    [InlineData("2019-12-31 23:59", 2019, 12, 31, 23, 59, 0)]
    [InlineData("2019-12-31 23:59:58.123456789 +0000", 2019, 12, 31, 23, 59, 58)]
    [InlineData("2019-12-31 23:59:58.123456789 +0130", 2019, 12, 31, 22, 29, 58)]
    [InlineData("Dec 31 23:59:58 2019", 2019, 12, 31, 23, 59, 58)]
    [InlineData("Dec 31 2019", 2019, 12, 31, -1, 0, 0)]
    [InlineData("31 Dec 2019", 2019, 12, 31, -1, 0, 0)]
    [InlineData("Dec 31  2019", 2019, 12, 31, -1, 0, 0)]
    public void Dates_are_read_in_every_order(string date, int year, int month, int day, int hour, int minute, int second)
    {
        var entry = Parse($"-rw-r--r-- 1 u g 7 {date}  x ");
        Assert.Equal(" x ", entry.Name);
        Assert.Equal(
            (new DateTime(year, month, day, Math.Max(0, hour), minute, second), hour < 0 ? Day : date.Contains(":58", StringComparison.Ordinal) ? Second : Minute),
            Time(entry));
    }

    [Theory]
    [InlineData("2024-03-10", "Mar 10 12:00", 2024)]
    [InlineData("2024-03-10", "Mar 11 11:59", 2024)]
    [InlineData("2024-03-10", "Mar 11 12:01", 2023)]
    [InlineData("2024-03-10", "Mar 12 00:00", 2023)]
    [InlineData("2024-03-10", "Dec 31 23:59", 2023)]
    [InlineData("2023-12-31", "Jan  1 11:59", 2024)]
    [InlineData("2023-12-31", "Jan  2 11:59", 2023)]
    [InlineData("2024-01-01", "Dec 31 23:59", 2023)]
    [InlineData("2023-06-01", "Feb 29 00:00", 2020)]
    [InlineData("2024-02-28", "Feb 29 00:00", 2024)]
    [InlineData("2103-06-01", "Feb 29 00:00", 2096)]
    public void A_missing_year_is_the_latest_that_is_not_in_the_future(string today, string shown, int year)
    {
        var now = DateTimeOffset.Parse(today + "T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(year, Parse($"-rw-r--r-- 1 u g 7 {shown} x", now: now).Modified!.Value.Value.Year);
    }

    [Fact]
    public void Times_are_the_servers_wall_clock()
    {
        var berlin = TimeSpan.FromHours(1);
        Assert.Equal(new DateTime(2024, 1, 4, 23, 30, 0), Time(Parse("-rw-r--r-- 1 u g 7 Jan  5 00:30 x", berlin)).Item1);
        Assert.Equal(new DateTime(2019, 12, 30, 23, 0, 0), Time(Parse("-rw-r--r-- 1 u g 7 Dec 31  2019 x", berlin)).Item1);
        Assert.Equal(new DateTime(2019, 12, 31, 5, 30, 0), Time(Parse("12-31-19  12:30AM  7 x", TimeSpan.FromHours(-5))).Item1);
    }

    [Theory]
    [InlineData("02-25-23  09:52PM       <DIR>          a folder", RemoteKind.Directory, "a folder", null, 2023, 21, 52)]
    [InlineData("02-25-2023  09:52PM       <DIR>          a folder", RemoteKind.Directory, "a folder", null, 2023, 21, 52)]
    [InlineData("02-25-99  12:00AM                 1234 a file", RemoteKind.File, "a file", 1234L, 1999, 0, 0)]
    [InlineData("02-25-2023  12:05PM                 1234  lead", RemoteKind.File, " lead", 1234L, 2023, 12, 5)]
    [InlineData("02-25-2023  21:52                 1234 a file ", RemoteKind.File, "a file ", 1234L, 2023, 21, 52)]
    [InlineData("2023-02-25  21:52                 1234 a file", RemoteKind.File, "a file", 1234L, 2023, 21, 52)]
    [InlineData("02/25/2023  21:52       <DIR>           lead", RemoteKind.Directory, " lead", null, 2023, 21, 52)]
    [InlineData("02-25-2023  21:52  <DIR> short", RemoteKind.Directory, "short", null, 2023, 21, 52)]
    [InlineData("02-25-2023  21:52   99999999999999999999 big", RemoteKind.File, "big", null, 2023, 21, 52)]
    [InlineData("02-25-2023  21:52   -2147483648 big", RemoteKind.File, "big", null, 2023, 21, 52)]
    [InlineData("02-25-2023  21:52   <JUNCTION>     link [C:\\x y]", RemoteKind.Symlink, "link", null, 2023, 21, 52)]
    public void Lines_of_Windows_servers_are_read(string line, RemoteKind kind, string name, long? size, int year, int hour, int minute)
    {
        var entry = Parse(line);
        Assert.Equal((kind, name, size, null), (entry.Kind, entry.Name, entry.Size, entry.Mode));
        Assert.Equal((new DateTime(year, 2, 25, hour, minute, 0), Minute), Time(entry));
        Assert.Equal(kind == RemoteKind.Symlink ? "C:\\x y" : null, entry.LinkTarget);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("total 12")]
    [InlineData("total 0")]
    [InlineData("./sub:")]
    [InlineData("226 Transfer complete.")]
    [InlineData("ls: cannot open directory: Permission denied")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan  5 10:30")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan  5 10:30 ")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan 32 10:30 x")]
    [InlineData("-rw-r--r-- 1 u g 7 Feb 30 10:30 x")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan  5 24:30 x")]
    [InlineData("-rw-r--r-- 1 u g x Jan  5 10:30 x")]
    [InlineData("?rw-r--r-- 1 u g 7 Jan  5 10:30 x")]
    [InlineData("-rq-r--r-- 1 u g 7 Jan  5 10:30 x")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan  5 10:30 a/b")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan  5 10:30 /etc/passwd")]
    [InlineData("-rw-r--r-- 1 u g 7 Jan  5 10:30 a\0b")]
    [InlineData("lrwxrwxrwx 1 u g 7 Jan  5 10:30 .. -> x/..")]
    [InlineData("02-25-23  09:52PM       <FOO>          x")]
    [InlineData("02-25-23  13:52PM       <DIR>          x")]
    [InlineData("02-30-23  09:52PM       <DIR>          x")]
    [InlineData("13-13-23  09:52PM       <DIR>          x")]
    [InlineData("02-25-23  09:52PM       <DIR>")]
    [InlineData("02-25-23  09:52PM       1,23 x")]
    public void What_is_no_entry_is_refused(string line)
    {
        if (line.Contains(".. ->", StringComparison.Ordinal))
        {
            // A link that claims to be the parent directory is left out like the parent directory.
            Assert.True(Parser().TryParse(Encoding.UTF8.GetBytes(line), out var parent));
            Assert.Null(parent);
            return;
        }

        Assert.False(Parser().TryParse(Encoding.UTF8.GetBytes(line), out var entry), line);
        Assert.Null(entry);
    }

    [Theory]
    [InlineData("drwxr-xr-x 2 u g 4096 Jan  5 10:30 .")]
    [InlineData("drwxr-xr-x 2 u g 4096 Jan  5 10:30 ..")]
    [InlineData("02-25-23  09:52PM       <DIR>          .")]
    [InlineData("02-25-23  09:52PM       <DIR>          ..")]
    public void The_directory_itself_and_its_parent_are_no_entries(string line)
    {
        Assert.True(Parser().TryParse(Encoding.UTF8.GetBytes(line), out var entry));
        Assert.Null(entry);
    }

    [Fact]
    public void One_parser_reads_mixed_formats()
    {
        var parser = Parser();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(parser.TryParse("-rw-r--r-- 1 u g 7 Jan  5 10:30 unix"u8, out var unix));
            Assert.True(parser.TryParse("02-25-23  09:52PM  7 dos"u8, out var dos));
            Assert.Equal(("unix", "u", "dos", null), (unix!.Name, unix.Owner, dos!.Name, dos.Owner));
        }
    }

    [Fact]
    public void Owners_that_repeat_share_one_string()
    {
        var parser = Parser();
        Assert.True(parser.TryParse("-rw-r--r-- 1 fred staff 7 Jan  5 10:30 a"u8, out var first));
        Assert.True(parser.TryParse("-rw-r--r-- 1 fred staff 7 Jan  5 10:30 b"u8, out var second));
        Assert.Same(first!.Owner, second!.Owner);
        Assert.Same(first.Group, second.Group);
    }

    [Fact]
    public void Names_that_are_not_UTF8_keep_their_bytes()
    {
        byte[] line = [.. "-rw-r--r-- 1 u g 7 Jan  5 10:30 "u8, 0xFF, 0xFE];
        Assert.True(Parser().TryParse(line, out var entry));
        Assert.Equal([0xFF, 0xFE], NameCodec.Utf8.Encode(entry!.Name));
    }
}
