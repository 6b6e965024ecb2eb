using CsCheck;
using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests.Content;

public sealed class StagingFileTests
{
    private enum Kind
    {
        Write,
        Read,
        Truncate,
        Fill,
        Allocate,
        SlowRead,
    }

    [Fact]
    public async Task Agrees_with_an_array_whatever_is_done()
    {
        const int most = 400_000;
        var operation = Gen.Select(Gen.Enum<Kind>(), Gen.Int[0, most], Gen.Int[1, 60_000]);
        await Gen.Select(operation.Array[1, 60], Gen.Int[-1, most]).SampleAsync(
            async (operations, baseSize) =>
            {
                await using var fixture = new ContentFixture();
                var original = baseSize < 0 ? [] : ContentFixture.Bytes(baseSize, seed: 7);
                var model = original.ToArray();
                await using var file = StagingFile.Create(Path.Combine(fixture.Directory, "staging"), baseSize < 0 ? null : fixture.Open(original));
                var changes = 0;
                foreach (var (kind, offset, count) in operations)
                {
                    switch (kind)
                    {
                        case Kind.Write:
                            var data = ContentFixture.Bytes(count, seed: offset + count);
                            file.Write(offset, data);
                            if (model.Length < offset + count)
                                Array.Resize(ref model, offset + count);
                            data.CopyTo(model, offset);
                            changes++;
                            break;
                        case Kind.Truncate:
                            changes += model.Length == offset ? 0 : 1;
                            await file.SetLengthAsync(offset, default);
                            Array.Resize(ref model, offset);
                            break;
                        case Kind.Fill:
                            await file.FillAsync(default);
                            Assert.True(file.IsWhole);
                            break;
                        case Kind.Allocate:
                            file.Allocate(offset, count, keepSize: count % 2 == 0);
                            if (count % 2 != 0 && model.Length < offset + count)
                            {
                                Array.Resize(ref model, offset + count);
                                changes++;
                            }

                            break;
                        default:
                            await CheckAsync(file, model, offset, count);
                            break;
                    }

                    Assert.Equal(model.Length, file.Length);
                    Assert.Equal(changes, file.ChangeCount);
                    Assert.Equal(changes > 0, file.IsDirty);
                }

                await CheckAsync(file, model, 0, most * 2);
                CheckHoles(file, model);
                await file.FillAsync(default);
                await using (var upload = file.OpenForUpload())
                {
                    var all = new byte[model.Length];
                    await upload.ReadExactlyAsync(all);
                    Assert.Equal(0, await upload.ReadAsync(new byte[1]));
                    Assert.True(all.AsSpan().SequenceEqual(model));
                }

                Assert.True((await File.ReadAllBytesAsync(file.LocalPath)).AsSpan().SequenceEqual(model));
                file.Discard();
            },
            iter: 150,
            threads: 1);
    }

    [Fact]
    public async Task Writes_reads_truncations_and_filling_at_the_same_time_never_show_stale_bytes()
    {
        await using var fixture = new ContentFixture();
        const int size = 3_000_000;
        var original = new byte[size];
        Array.Fill(original, (byte)1);
        fixture.Remote.Chunk = (_, _) => 5_000;
        fixture.Remote.Before = async (_, _, _) => await Task.Yield();
        await using var file = StagingFile.Create(fixture.Directory, fixture.Open(original));
        var written = new long[30];
        var filling = Task.Run(async () => await file.FillAsync(default));
        var writer = Task.Run(() =>
        {
            var two = new byte[size / 30];
            Array.Fill(two, (byte)2);
            for (var i = 29; i >= 0; i--)
            {
                file.Write((long)i * two.Length, two);
                Volatile.Write(ref written[i], 1);
            }
        });
        var readers = Enumerable.Range(0, 2).Select(who => Task.Run(async () =>
        {
            var buffer = new byte[size / 30];
            for (var i = 0; i < 90; i++)
            {
                var piece = (i * 7 + who) % 30;
                var wasWritten = Volatile.Read(ref written[piece]) == 1;
                Assert.Equal(buffer.Length, await file.ReadAsync((long)piece * buffer.Length, buffer, default));
                if (wasWritten)
                    Assert.DoesNotContain((byte)1, buffer);
                Assert.DoesNotContain((byte)0, buffer);
            }
        }));
        await Task.WhenAll([filling, writer, .. readers]);
        Assert.All(await File.ReadAllBytesAsync(file.LocalPath), b => Assert.Equal(2, b));
        file.Discard();
    }

    [Fact]
    public async Task A_base_read_that_comes_late_does_not_show_what_was_overwritten_or_cut_off_meanwhile()
    {
        await using var fixture = new ContentFixture();
        var gate = new TaskCompletionSource();
        fixture.Remote.Before = (_, _, _) => gate.Task;
        var original = ContentFixture.Bytes(100_000);
        await using var file = StagingFile.Create(fixture.Directory, fixture.Open(original));
        var buffer = new byte[60_000];
        var reading = file.ReadAsync(0, buffer, default).AsTask();
        var filling = file.FillAsync(default).AsTask();
        file.Write(10_000, new byte[5_000]);
        await file.SetLengthAsync(40_000, default);
        await file.SetLengthAsync(50_000, default);
        gate.SetResult();
        Assert.Equal(50_000, await reading);
        await filling;
        var model = original[..50_000];
        Array.Clear(model, 10_000, 5_000);
        Array.Clear(model, 40_000, 10_000);
        Assert.True(buffer.AsSpan(0, 50_000).SequenceEqual(model));
        Assert.True((await File.ReadAllBytesAsync(file.LocalPath)).AsSpan().SequenceEqual(model));
        file.Discard();
    }

    [Fact]
    public async Task What_is_wholly_overwritten_is_never_fetched()
    {
        await using var fixture = new ContentFixture();
        var original = ContentFixture.Bytes(100_000);
        await using var file = StagingFile.Create(fixture.Directory, fixture.Open(original));
        file.Write(0, new byte[100_000]);
        await file.FillAsync(default);
        await CheckAsync(file, new byte[100_000], 0, 100_000);
        Assert.Empty(fixture.Remote.Opened);
        file.Discard();
    }

    [Fact]
    public async Task It_stays_dirty_when_it_was_changed_during_the_upload()
    {
        await using var fixture = new ContentFixture();
        await using var file = StagingFile.Create(fixture.Directory, null);
        file.Write(0, [1]);
        var count = file.ChangeCount;
        file.Write(0, [2]);
        file.MarkClean(count, new FileVersion(1, null, null));
        Assert.True(file.IsDirty);
        file.MarkClean(file.ChangeCount, new FileVersion(1, null, "x"));
        Assert.False(file.IsDirty);
        Assert.Equal("x", file.UploadedVersion?.UniqueId);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public async Task Disposal_deletes_only_what_is_clean_or_discarded(bool dirty, bool discard, bool kept)
    {
        await using var fixture = new ContentFixture();
        var file = StagingFile.Create(fixture.Directory, fixture.Open(ContentFixture.Bytes(10)));
        if (dirty)
            file.Write(3, [9]);
        if (discard)
            file.Discard();
        await file.DisposeAsync();
        Assert.Equal(kept, File.Exists(file.LocalPath));
    }

    [Fact]
    public async Task Only_the_owner_can_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no permission bits.");
            return;
        }

        await using var fixture = new ContentFixture();
        var directory = Path.Combine(fixture.Directory, "new", "staging");
        await using var file = StagingFile.Create(directory, null);
        await using var other = StagingFile.Create(directory, null);
        Assert.NotEqual(file.LocalPath, other.LocalPath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.LocalPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
    }

    [Fact]
    public async Task A_base_that_cannot_be_read_is_an_error_and_loses_nothing()
    {
        await using var fixture = new ContentFixture();
        fixture.Remote.Fail = (_, _) => new RemoteException(RemoteError.AccessDenied, "no");
        await using var file = StagingFile.Create(fixture.Directory, fixture.Open(ContentFixture.Bytes(100_000)));
        file.Write(5, [1, 2, 3]);
        await Assert.ThrowsAsync<RemoteException>(async () => await file.ReadAsync(0, new byte[10], default));
        await Assert.ThrowsAsync<RemoteException>(async () => await file.FillAsync(default));
        Assert.Throws<InvalidOperationException>(file.OpenForUpload);
        var buffer = new byte[3];
        Assert.Equal(3, await file.ReadAsync(5, buffer, default));
        Assert.Equal([1, 2, 3], buffer);
        file.Discard();
    }

    [Fact]
    public void A_full_disk_is_told_from_other_failures()
    {
        Assert.True(LocalDisk.IsFull(new IOException("no space", 28)));
        Assert.True(LocalDisk.IsFull(new IOException("quota", 122)));
        Assert.False(LocalDisk.IsFull(new IOException("I/O error", 5)));
        Assert.False(LocalDisk.IsFull(new UnauthorizedAccessException()));
        if (!OperatingSystem.IsLinux())
            return;
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        Assert.True(LocalDisk.IsFull(Assert.ThrowsAny<IOException>(() => RandomAccess.Write(full.SafeFileHandle, [1], 0))));
    }

    private static async Task CheckAsync(StagingFile file, byte[] model, int offset, int count)
    {
        var buffer = new byte[count];
        var read = await file.ReadAsync(offset, buffer, default);
        Assert.Equal(Math.Clamp(model.Length - offset, 0, count), read);
        Assert.True(buffer.AsSpan(0, read).SequenceEqual(model.AsSpan(Math.Min(offset, model.Length), read)));
    }

    private static void CheckHoles(StagingFile file, byte[] model)
    {
        var offset = 0L;
        while (offset < model.Length)
        {
            var data = file.SeekData(offset);
            var hole = data < 0 ? model.Length : data;
            Assert.False(model.AsSpan((int)offset, (int)(hole - offset)).ContainsAnyExcept((byte)0));
            if (data < 0)
                return;
            offset = file.SeekHole(data);
            Assert.True(offset > data);
        }

        Assert.Equal(-1, file.SeekData(model.Length));
        Assert.Equal(-1, file.SeekHole(model.Length));
    }
}
