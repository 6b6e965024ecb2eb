using System.Text;
using FtpMount.Ftp.Listing;
using FtpMount.Remote;

namespace FtpMount.Ftp.Tests.Listing;

public sealed class MlsxEntryParserTests
{
    static MlsxEntryParserTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private static MlsxEntry Parse(string line, NameCodec? codec = null)
    {
        Assert.True(MlsxEntryParser.TryParse(Encoding.UTF8.GetBytes(line), codec ?? NameCodec.Utf8, out var entry), line);
        return entry;
    }

    private static void Refuses(string line) =>
        Assert.False(MlsxEntryParser.TryParse(Encoding.UTF8.GetBytes(line), NameCodec.Utf8, out _), line);

    [Fact]
    public void A_line_of_ProFTPD_is_read_whole()
    {
        var (type, entry) = Parse(
            "modify=20231031120005;perm=adfrw;size=1048576;type=file;unique=FE01U2A;UNIX.group=100;UNIX.groupname=users;"
            + "UNIX.mode=0644;UNIX.owner=1000;UNIX.ownername=fred; a file.txt");
        Assert.Equal(MlsxType.File, type);
        Assert.Equal(
            new RemoteEntry
            {
                Name = "a file.txt",
                Kind = RemoteKind.File,
                Size = 1048576,
                Modified = new RemoteTime(new DateTimeOffset(2023, 10, 31, 12, 0, 5, TimeSpan.Zero), TimeSpan.FromSeconds(1)),
                Mode = 0x1A4,
                UserId = 1000,
                GroupId = 100,
                Owner = "fred",
                Group = "users",
                UniqueId = "FE01U2A",
                Permissions = RemotePermissions.Append | RemotePermissions.Delete | RemotePermissions.Rename
                    | RemotePermissions.Read | RemotePermissions.Write,
            },
            entry);
    }

    [Fact]
    public void A_line_of_Pure_FTPd_is_read_whole()
    {
        var (type, entry) = Parse("type=dir;sizd=4096;modify=20260101000000;UNIX.mode=0755;UNIX.uid=33;UNIX.gid=34;unique=801g2; d");
        Assert.Equal(MlsxType.Directory, type);
        Assert.Equal((RemoteKind.Directory, 4096, 33u, 34u), (entry.Kind, entry.Size, entry.UserId, entry.GroupId));
        Assert.Null(entry.Permissions);
    }

    [Theory]
    [InlineData("file", MlsxType.File, RemoteKind.File)]
    [InlineData("FILE", MlsxType.File, RemoteKind.File)]
    [InlineData("dir", MlsxType.Directory, RemoteKind.Directory)]
    [InlineData("cdir", MlsxType.CurrentDirectory, RemoteKind.Directory)]
    [InlineData("pdir", MlsxType.ParentDirectory, RemoteKind.Directory)]
    [InlineData("OS.unix=slink", MlsxType.Symlink, RemoteKind.Symlink)]
    [InlineData("os.unix=symlink", MlsxType.Symlink, RemoteKind.Symlink)]
    [InlineData("OS.unix=slink:", MlsxType.Symlink, RemoteKind.Symlink)]
    [InlineData("OS.unix=chr-13/29", MlsxType.Other, RemoteKind.Other)]
    [InlineData("OS.unix=socket", MlsxType.Other, RemoteKind.Other)]
    [InlineData("OS.mvs=pds", MlsxType.Other, RemoteKind.Other)]
    public void Types_are_told_apart(string text, MlsxType type, RemoteKind kind)
    {
        var entry = Parse($"Type={text};Size=1; x");
        Assert.Equal((type, kind), (entry.Type, entry.Entry.Kind));
        Assert.Null(entry.Entry.LinkTarget);
    }

    [Theory]
    [InlineData("type=OS.unix=slink:../a b;size=3; link", "../a b")]
    [InlineData("size=3;type=OS.unix=slink:/x; link", "/x")]
    [InlineData("type=OS.unix=symlink:/x;modify=20200101000000; link", "/x")]
    [InlineData("type=OS.unix=slink:a;b;size=3; link", "a;b")]
    [InlineData("type=OS.unix=slink:a=b:c;x.unknown=1; link", "a=b:c")]
    public void A_link_has_its_target(string line, string target)
    {
        var entry = Parse(line).Entry;
        Assert.Equal(("link", target), (entry.Name, entry.LinkTarget));
    }

    [Theory]
    [InlineData("type=file;  two leading spaces", " two leading spaces")]
    [InlineData("type=file; trailing ", "trailing ")]
    [InlineData("type=file;  ", " ")]
    [InlineData("type=file; a;b=c; d", "a;b=c; d")]
    [InlineData("type=file; type=dir; x", "type=dir; x")]
    [InlineData("type=file; = ;", "= ;")]
    [InlineData("type=file; 🐟 ü", "🐟 ü")]
    [InlineData(" no facts", "no facts")]
    [InlineData("  no facts, leading space", " no facts, leading space")]
    [InlineData(" unknown=1; x", "unknown=1; x")]
    [InlineData("type=file; back\\slash", "back\\slash")]
    public void The_name_keeps_every_byte(string line, string name) => Assert.Equal(name, Parse(line).Entry.Name);

    [Fact]
    public void Bytes_that_are_not_the_charset_survive_in_the_name()
    {
        byte[] line = [.. "type=file; "u8, 0xFF, 0x41, 0xC3];
        Assert.True(MlsxEntryParser.TryParse(line, NameCodec.Utf8, out var entry));
        Assert.Equal([0xFF, 0x41, 0xC3], NameCodec.Utf8.Encode(entry.Entry.Name));
    }

    [Fact]
    public void The_name_is_read_in_the_charset_of_the_site()
    {
        byte[] line = [.. "type=file; "u8, 0xE9];
        Assert.True(MlsxEntryParser.TryParse(line, new NameCodec(Encoding.Latin1), out var entry));
        Assert.Equal("é", entry.Entry.Name);
    }

    [Theory]
    [InlineData(" type=dir;modify=20200101000000; /pub/folder", MlsxType.Directory, "folder")]
    [InlineData("type=file; /pub/a b", MlsxType.File, "a b")]
    [InlineData(" Type=cdir; /pub", MlsxType.CurrentDirectory, "pub")]
    [InlineData("type=cdir; /", MlsxType.CurrentDirectory, "")]
    [InlineData("type=dir; /", MlsxType.CurrentDirectory, "")]
    [InlineData("type=cdir; .", MlsxType.CurrentDirectory, "")]
    [InlineData("type=dir; .", MlsxType.CurrentDirectory, "")]
    [InlineData("type=dir; ..", MlsxType.ParentDirectory, "")]
    [InlineData("type=pdir; ..", MlsxType.ParentDirectory, "")]
    [InlineData("type=pdir; /a/b/", MlsxType.ParentDirectory, "b")]
    public void A_path_gives_its_last_segment(string line, MlsxType type, string name)
    {
        var entry = Parse(line);
        Assert.Equal((type, name), (entry.Type, entry.Entry.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("type=file;")]
    [InlineData("type=file; ")]
    [InlineData("type=file;name")]
    [InlineData("name")]
    [InlineData("; name")]
    [InlineData("total 12")]
    [InlineData("-rw-r--r-- 1 a b 1 Jan 1 12:00 x; y")]
    [InlineData("type=file; a/b")]
    [InlineData("type=file; ../x")]
    [InlineData("type=file; /a/..")]
    [InlineData("type=file; /a/.")]
    [InlineData("type=file; a\0b")]
    [InlineData("type=file; a\rb")]
    [InlineData("type=file; a\nb")]
    public void What_is_no_entry_or_has_an_impossible_name_is_refused(string line) => Refuses(line);

    [Fact]
    public void Facts_without_sense_count_as_absent()
    {
        var entry = Parse(
            "size=-1;modify=20201301000000;create=yesterday;UNIX.mode=9;UNIX.uid=99999999999;UNIX.gid=-1;unique=;perm=; x").Entry;
        Assert.Equal(new RemoteEntry { Name = "x", Kind = RemoteKind.File, Permissions = RemotePermissions.None }, entry);
        Assert.Null(Parse("size=99999999999999999999; x").Entry.Size);
        Assert.Null(Parse("size=0x10; x").Entry.Size);
        Assert.Equal(long.MaxValue, Parse("size=9223372036854775807; x").Entry.Size);
    }

    [Theory]
    [InlineData("rw", RemotePermissions.Read | RemotePermissions.Write)]
    [InlineData("RW", RemotePermissions.Read | RemotePermissions.Write)]
    [InlineData("rwMT", RemotePermissions.Read | RemotePermissions.Write)]
    [InlineData("elmpc", RemotePermissions.Enter | RemotePermissions.List | RemotePermissions.CreateDirectory | RemotePermissions.Purge | RemotePermissions.CreateFile)]
    [InlineData("", RemotePermissions.None)]
    public void Permissions_are_read_in_either_case_but_not_the_capitals_of_pyftpdlib(string letters, RemotePermissions permissions) =>
        Assert.Equal(permissions, Parse($"type=file;perm={letters}; x").Entry.Permissions);

    [Fact]
    public void A_mode_loses_the_bits_of_the_kind() => Assert.Equal(0x9ED, Parse("UNIX.mode=0104755; x").Entry.Mode);

    [Fact]
    public void An_owner_may_be_a_name_or_a_number()
    {
        var named = Parse("UNIX.owner=fred;UNIX.group=staff; x").Entry;
        Assert.Equal(("fred", "staff", null, null), (named.Owner, named.Group, named.UserId, named.GroupId));
        var numbered = Parse("UNIX.owner=4294967295;UNIX.group=0; x").Entry;
        Assert.Equal((null, null, 4294967295u, 0u), (numbered.Owner, numbered.Group, numbered.UserId, numbered.GroupId));
    }

    [Fact]
    public void A_fraction_of_a_second_refines_the_precision()
    {
        var entry = Parse("modify=20200102030405.678;create=20200102030405; x").Entry;
        Assert.Equal(TimeSpan.FromMilliseconds(1), entry.Modified!.Value.Precision);
        Assert.Equal(new DateTimeOffset(2020, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), entry.Modified.Value.Value);
        Assert.Equal(TimeSpan.FromSeconds(1), entry.Created!.Value.Precision);
    }
}
