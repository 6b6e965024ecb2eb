using FtpMount.Remote;
using FtpMount.Vfs.Content;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Vfs.Tests.Content;

/// <summary>A content cache over a <see cref="ByteArrayRemote"/>, in a directory of its own that goes with it.</summary>
internal sealed class ContentFixture : IAsyncDisposable
{
    public const int Block = MemoryBlock.Size;

    private readonly DiskWrite? _write;

    public ContentFixture(long memory = 16 << 20, long disk = 0, int streams = 4, DiskWrite? write = null, TimeSpan? timeout = null)
    {
        _write = write;
        Options = new ContentCacheOptions { Directory = Path.Combine(Directory, "content"), MemoryBytes = memory, DiskBytes = disk, MaximumStreams = streams, Timeout = timeout ?? TimeSpan.FromSeconds(30) };
        Cache = Make();
    }

    public static RemotePath File { get; } = RemotePath.Parse("/dir/file");

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("ftpmount-content-").FullName;

    public ByteArrayRemote Remote { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public ContentCacheOptions Options { get; set; }

    public ContentCache Cache { get; private set; }

    public static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static FileVersion Version(byte[] bytes) => new(bytes.Length, null, null);

    /// <summary>Puts a file on the server and opens it.</summary>
    public RemoteContent Open(byte[] bytes, RemotePath? path = null)
    {
        Remote[path ?? File] = bytes;
        return Cache.Open(path ?? File, Version(bytes));
    }

    public async Task RestartAsync()
    {
        await Cache.DisposeAsync();
        Cache = Make();
    }

    public async ValueTask DisposeAsync()
    {
        await Cache.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Reads and compares.</summary>
    public static async Task ReadAsync(ContentReader reader, byte[] expected, long offset, int count, CancellationToken cancellationToken = default)
    {
        var buffer = new byte[count];
        var read = await reader.ReadAsync(offset, buffer, cancellationToken);
        Assert.Equal(Math.Clamp(expected.Length - offset, 0, count), read);
        Assert.True(buffer.AsSpan(0, read).SequenceEqual(expected.AsSpan((int)Math.Min(offset, expected.Length), read)), $"wrong bytes in {offset}+{read}");
    }

    public static async Task ReadAllAsync(ContentReader reader, byte[] expected, int piece = 64 << 10)
    {
        for (var offset = 0; offset < expected.Length; offset += piece)
            await ReadAsync(reader, expected, offset, piece);
    }

    /// <summary>Waits for what comes about on other threads. The minute is for what never does, so that the test fails and not the run.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromMinutes(1))
                Assert.Fail("What was waited for did not come about.");
            await Task.Yield();
        }
    }

    private ContentCache Make() => new(Remote, Options, Time, NullLogger.Instance, _write);
}
