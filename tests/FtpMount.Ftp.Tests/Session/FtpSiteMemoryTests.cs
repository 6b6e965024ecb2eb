using System.Text;
using FtpMount.Ftp.Session;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Session;

public sealed class FtpSiteMemoryTests : IDisposable
{
    private static readonly FtpOptions Options = new() { Host = "nas.example", Port = 2121, User = "anna", Password = "hush-hush" };

    private readonly string _directory = Directory.CreateTempSubdirectory("ftpmount-sites-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Sites => Path.Combine(_directory, "a", "sites");

    private FtpSiteMemory Memory(FtpOptions? options = null) => new(Sites, options ?? Options, _time, NullLogger.Instance);

    private FtpSiteRecord Record(params (string Name, FtpSupport Support)[] facts) => new()
    {
        Version = FtpSiteRecord.CurrentVersion,
        Site = FtpSiteMemory.KeyOf(Options),
        Learned = _time.GetUtcNow(),
        Identity = new FtpSiteIdentity("Gr\u00FC\u00DF \u0001 \"Gott\"", "215 UNIX", "211-x\r\n UTF8\r\n211 end\r\n", "/home/\uDC80anna".Replace('\uDC80', '\u0080')),
        Facts = facts.ToDictionary(fact => fact.Name, fact => fact.Support),
        UtcOffsetMinutes = 90,
        ConnectionLimit = 3,
    };

    [Fact]
    public void What_is_saved_is_loaded()
    {
        Assert.Null(Memory().Load());
        var record = Record(("mlst", FtpSupport.No), ("pipelining", FtpSupport.Yes));
        Memory().Save(record);
        var loaded = Memory().Load();
        Assert.NotNull(loaded);
        Assert.Equal(record.Facts, loaded.Facts);
        Assert.Equal(record, loaded with { Facts = record.Facts });
    }

    [Fact]
    public void The_file_is_the_owners_alone_and_holds_no_secret()
    {
        Memory().Save(Record());
        var file = Assert.Single(Directory.GetFiles(Sites));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Sites));
        Assert.DoesNotContain(Options.Password, File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_host_port_user_charset_and_data_mode_has_a_file_of_its_own()
    {
        FtpOptions[] all =
        [
            Options, Options with { Host = "nas2.example" }, Options with { Port = 21 }, Options with { User = "bert" }, Options with { Encoding = Encoding.Latin1 },
            Options with { DataMode = FtpDataMode.Active },
        ];
        Memory(all[0]).Save(Record());
        foreach (var other in all[1..])
            Assert.Null(Memory(other).Load());
        Assert.Equal(all.Length, all.Select(options => Memory(options).Path).Distinct().Count());
        Assert.NotNull(Memory(Options with { Password = "other", Path = "elsewhere" }).Load());
    }

    [Fact]
    public void It_expires()
    {
        Memory().Save(Record());
        _time.Advance(Options.MemoryLifetime - TimeSpan.FromSeconds(1));
        Assert.NotNull(Memory().Load());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Memory().Load());
    }

    [Fact]
    public void A_file_from_the_future_is_not_believed()
    {
        Memory().Save(Record() with { Learned = _time.GetUtcNow() + TimeSpan.FromDays(1) });
        Assert.Null(Memory().Load());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"version\":1}")]
    [InlineData("\0\0\0")]
    public void Garbage_is_as_good_as_nothing(string content)
    {
        Memory().Save(Record());
        File.WriteAllText(Memory().Path, content);
        Assert.Null(Memory().Load());
        Memory().Save(Record());
        Assert.NotNull(Memory().Load());
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"connectionLimit\": 3", "\"connectionLimit\": 0")]
    [InlineData("\"utcOffsetMinutes\": 90", "\"utcOffsetMinutes\": 1e9")]
    [InlineData("\"mlst\": \"No\"", "\"mlst\": \"Perhaps\"")]
    [InlineData("\"mlst\": \"No\"", "\"mlst\": 7")]
    [InlineData("\"loginFolder\": \"/", "\"loginFolder\": \"")]
    [InlineData("\"system\": \"215 UNIX\"", "\"system\": null")]
    public void A_file_that_makes_no_sense_is_not_believed(string good, string bad)
    {
        Memory().Save(Record(("mlst", FtpSupport.No)));
        var text = File.ReadAllText(Memory().Path);
        Assert.Contains(good, text, StringComparison.Ordinal);
        File.WriteAllText(Memory().Path, text.Replace(good, bad, StringComparison.Ordinal));
        Assert.Null(Memory().Load());
    }

    [Fact]
    public void Any_single_damaged_byte_is_survived()
    {
        Memory().Save(Record(("mlst", FtpSupport.No)));
        var content = File.ReadAllBytes(Memory().Path);
        var random = new Random(1);
        for (var i = 0; i < content.Length; i++)
        {
            var damaged = content.ToArray();
            damaged[i] = (byte)random.Next(256);
            File.WriteAllBytes(Memory().Path, damaged);
            Memory().Load();
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_survived()
    {
        File.WriteAllText(Path.Combine(_directory, "a"), "not a folder");
        Memory().Save(Record());
        Assert.Null(Memory().Load());
    }
}
