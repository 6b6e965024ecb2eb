using CsCheck;
using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests.Content;

public sealed class ContentReaderTests
{
    private const int Block = ContentFixture.Block;

    [Theory]
    [InlineData(4 << 10)]
    [InlineData(128 << 10)]
    [InlineData(1 << 20)]
    [InlineData(100_003)]
    public async Task A_sequential_read_opens_exactly_one_transfer(int piece)
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(5_000_001);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes, piece);
        Assert.Equal((ContentFixture.File, 0L, (long?)null), Assert.Single(fixture.Remote.Opened));
        Assert.Equal(bytes.Length, fixture.Cache.Statistics.BytesFetched);
        await ContentFixture.UntilAsync(() => fixture.Remote.OpenReaders == 0);
    }

    [Fact]
    public async Task A_random_read_asks_for_a_range_of_at_most_a_block_more_than_it_needs()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(40 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, (10 << 20) + 777, 4096);
        var (_, _, length) = Assert.Single(fixture.Remote.Opened);
        Assert.NotNull(length);
        Assert.InRange(length.Value, 4096, 4096 + Block);
        Assert.InRange(fixture.Remote.BytesGiven, 4096, 4096 + Block);
    }

    [Fact]
    public async Task Random_reads_never_start_a_stream()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(64 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        var random = new Random(3);
        for (var i = 0; i < 20; i++)
            await ContentFixture.ReadAsync(reader, bytes, (long)((i * 7 % 20) + 1) * (3 << 20) + random.Next(100_000), 4096);
        Assert.Equal(20, fixture.Remote.OpenedCount);
        Assert.All(fixture.Remote.Opened, opened => Assert.NotNull(opened.Length));
        Assert.InRange(fixture.Remote.BytesGiven, 20 * 4096, 20 * (4096 + Block));
        Assert.Equal(7, fixture.Remote.Prepared); // connections, so that each read finds one that is ready
    }

    [Fact]
    public async Task A_read_that_begins_in_the_middle_and_goes_on_becomes_a_stream()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(40 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        for (var offset = 20 << 20; offset < 30 << 20; offset += Block)
            await ContentFixture.ReadAsync(reader, bytes, offset, Block);
        Assert.InRange(fixture.Remote.OpenedCount, 2, 4);
        Assert.Equal(0, fixture.Remote.Prepared);
        Assert.Single(fixture.Remote.Opened, opened => opened.Length is null);
    }

    [Fact]
    public async Task Requests_that_overtake_each_other_share_the_one_transfer()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(8 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        for (var offset = 0; offset < bytes.Length; offset += 4 * Block)
        {
            await Task.WhenAll(
                Task.Run(() => ContentFixture.ReadAsync(reader, bytes, offset + (1 * Block), Block)),
                Task.Run(() => ContentFixture.ReadAsync(reader, bytes, offset + (3 * Block), Block)),
                Task.Run(() => ContentFixture.ReadAsync(reader, bytes, offset + (0 * Block), Block)),
                Task.Run(() => ContentFixture.ReadAsync(reader, bytes, offset + (2 * Block), Block)));
        }

        Assert.InRange(fixture.Remote.OpenedCount, 1, 2);
        Assert.InRange(fixture.Cache.Statistics.BytesFetched, bytes.Length, bytes.Length + (4 * Block));
    }

    [Fact]
    public async Task The_first_request_of_a_sequential_reader_may_be_the_second()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(4 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, Block, Block);
        await ContentFixture.ReadAsync(reader, bytes, 0, Block);
        await ContentFixture.ReadAllAsync(reader, bytes);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_second_reader_of_the_same_range_joins_the_fetch_under_way()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(20 << 20);
        var gate = new TaskCompletionSource();
        fixture.Remote.Before = (_, opening, _) => opening ? gate.Task : Task.CompletedTask;
        using var first = fixture.Open(bytes);
        using var second = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        await using var one = first.CreateReader();
        await using var two = second.CreateReader();
        var reads = new[] { ContentFixture.ReadAsync(one, bytes, 9 << 20, 8192), ContentFixture.ReadAsync(two, bytes, 9 << 20, 8192) };
        Assert.All(reads, read => Assert.False(read.IsCompleted));
        gate.SetResult();
        await Task.WhenAll(reads);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_cancelled_reader_takes_nothing_from_one_that_waits_for_the_same()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(20 << 20);
        var gate = new TaskCompletionSource();
        fixture.Remote.Before = (_, _, _) => gate.Task;
        using var content = fixture.Open(bytes);
        await using var one = content.CreateReader();
        await using var two = content.CreateReader();
        using var cancellation = new CancellationTokenSource();
        var cancelled = ContentFixture.ReadAsync(one, bytes, 9 << 20, 8192, cancellation.Token);
        var other = ContentFixture.ReadAsync(two, bytes, 9 << 20, 8192);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        gate.SetResult();
        await other;
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_transfer_that_breaks_is_resumed_where_it_stopped()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(3_000_000);
        var brokenAt = 0L;
        fixture.Remote.Chunk = (_, _) => 10_007;
        fixture.Remote.Fail = (position, opening) =>
        {
            if (opening || position < 1_000_000 || brokenAt != 0)
                return null;
            brokenAt = position;
            return new RemoteException(RemoteError.Offline, "gone");
        };
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes);
        Assert.Equal(2, fixture.Remote.OpenedCount);
        Assert.Equal(brokenAt, fixture.Remote.Opened[1].Offset);
        Assert.Equal(bytes.Length, fixture.Cache.Statistics.BytesFetched);
    }

    [Fact]
    public async Task What_cannot_be_resumed_ends_in_the_error()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(3_000_000);
        fixture.Remote.Fail = (position, _) => position > 1_000_000 ? new RemoteException(RemoteError.Offline, "gone") : null;
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        var reading = ContentFixture.ReadAllAsync(reader, bytes);
        while (!reading.IsCompleted)
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var failure = await Assert.ThrowsAsync<RemoteException>(() => reading);
        Assert.Contains(failure.Error, (RemoteError[])[RemoteError.Offline, RemoteError.TimedOut]);

        // What has come is still here, and the server is asked again when it is back.
        fixture.Remote.Fail = null;
        await ContentFixture.ReadAllAsync(reader, bytes);
    }

    [Theory]
    [InlineData(RemoteError.NotFound)]
    [InlineData(RemoteError.AccessDenied)]
    [InlineData(RemoteError.Busy)]
    public async Task A_refusal_reaches_the_reader_at_once(RemoteError error)
    {
        await using var fixture = new ContentFixture();
        fixture.Remote.Fail = (_, _) => new RemoteException(error, "no");
        using var content = fixture.Open(ContentFixture.Bytes(100_000));
        await using var reader = content.CreateReader();
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await reader.ReadAsync(0, new byte[10], default));
        Assert.Equal(error, failure.Error);
        Assert.Single(fixture.Remote.Opened);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999_999)]
    public async Task A_file_that_has_become_shorter_is_an_error_and_not_an_end(int actual)
    {
        await using var fixture = new ContentFixture();
        fixture.Remote[ContentFixture.File] = ContentFixture.Bytes(actual);
        using var content = fixture.Cache.Open(ContentFixture.File, new FileVersion(1_000_000, null, null));
        await using var reader = content.CreateReader();
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await reader.ReadAsync(0, new byte[1_000_000], default));
        Assert.Equal(RemoteError.Changed, failure.Error);
    }

    [Fact]
    public async Task A_file_that_has_grown_is_read_as_long_as_it_was()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(1_000_000);
        fixture.Remote[ContentFixture.File] = bytes;
        using var content = fixture.Cache.Open(ContentFixture.File, new FileVersion(700_001, null, null));
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes[..700_001]);
        Assert.Equal(0, await reader.ReadAsync(700_001, new byte[10], default));
    }

    [Fact]
    public async Task Read_past_end_returns_zero_bytes_and_asks_nothing()
    {
        await using var fixture = new ContentFixture();
        using var content = fixture.Open(ContentFixture.Bytes(100));
        await using var reader = content.CreateReader();
        Assert.Equal(0, await reader.ReadAsync(100, new byte[10], default));
        Assert.Equal(0, await reader.ReadAsync(long.MaxValue - 10, new byte[10], default));
        Assert.Empty(fixture.Remote.Opened);
    }

    [Fact]
    public async Task An_empty_file_asks_nothing()
    {
        await using var fixture = new ContentFixture();
        using var content = fixture.Open([]);
        await using var reader = content.CreateReader();
        Assert.Equal(0, await reader.ReadAsync(0, new byte[10], default));
        Assert.True(content.IsComplete);
        Assert.Empty(fixture.Remote.Opened);
    }

    [Fact]
    public async Task The_window_holds_the_transfer_back()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(12 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, 0, 4096);
        await ContentFixture.UntilAsync(() => Volatile.Read(ref fixture.Remote.BytesGiven) == Block);
        await ContentFixture.ReadAsync(reader, bytes, 4096, (1 << 20) - 4096);
        await ContentFixture.UntilAsync(() => Volatile.Read(ref fixture.Remote.BytesGiven) == 2 << 20);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_reader_that_stalls_gives_its_connection_back_and_goes_on_later()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(12 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, 0, 4096);
        await ContentFixture.UntilAsync(() => Volatile.Read(ref fixture.Remote.BytesGiven) == Block);
        await ContentFixture.UntilAsync(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
            return fixture.Remote.OpenReaders == 0;
        });
        Assert.Equal(0, fixture.Cache.Statistics.StreamsOpen);
        await ContentFixture.ReadAllAsync(reader, bytes, 4096);
        Assert.Equal(2, fixture.Remote.OpenedCount);
        Assert.Equal(bytes.Length, fixture.Cache.Statistics.BytesFetched);
    }

    [Fact]
    public async Task A_look_at_the_end_does_not_end_the_stream()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(12 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, 0, 1 << 20);
        await ContentFixture.ReadAsync(reader, bytes, bytes.Length - 4096, 4096);
        await ContentFixture.ReadAllAsync(reader, bytes);
        Assert.Equal(2, fixture.Remote.OpenedCount);
    }

    [Fact]
    public async Task Reading_on_elsewhere_ends_the_stream_and_starts_another()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(40 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, 0, 1 << 20);
        for (var offset = 30 << 20; offset < bytes.Length; offset += Block)
            await ContentFixture.ReadAsync(reader, bytes, offset, Block);
        Assert.Equal(2, fixture.Remote.Opened.Count(opened => opened.Length is null));
        await ContentFixture.UntilAsync(() => fixture.Remote.OpenReaders == 0);
    }

    [Fact]
    public async Task Closing_the_handle_ends_its_stream_but_not_one_that_another_follows()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(20 << 20);
        using var content = fixture.Open(bytes);
        var one = content.CreateReader();
        await using var two = content.CreateReader();
        await ContentFixture.ReadAsync(one, bytes, 0, 1 << 20);
        await ContentFixture.ReadAsync(two, bytes, 0, 3 << 20);
        await one.DisposeAsync();
        await ContentFixture.ReadAllAsync(two, bytes);
        Assert.Single(fixture.Remote.Opened);

        var three = content.CreateReader();
        using var other = fixture.Open(bytes, RemotePath.Parse("/other"));
        await using var four = other.CreateReader();
        await ContentFixture.ReadAsync(four, bytes, 0, 1 << 20);
        await three.DisposeAsync();
        await four.DisposeAsync();
        await ContentFixture.UntilAsync(() => fixture.Remote.OpenReaders == 0);
    }

    [Fact]
    public async Task Streams_are_bounded_and_all_readers_go_on()
    {
        await using var fixture = new ContentFixture(streams: 2);
        var bytes = ContentFixture.Bytes(6 << 20);
        var most = 0;
        fixture.Remote.Before = (_, _, _) =>
        {
            most = Math.Max(most, fixture.Cache.Statistics.StreamsOpen);
            return Task.CompletedTask;
        };
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(async () =>
        {
            using var content = fixture.Open(bytes, RemotePath.Parse($"/f{i}"));
            await using var reader = content.CreateReader();
            await ContentFixture.ReadAllAsync(reader, bytes);
        })));
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    public async Task Memory_stays_within_its_budget_whatever_is_read()
    {
        await using var fixture = new ContentFixture(memory: 1 << 20, streams: 3);
        var bytes = ContentFixture.Bytes(8 << 20);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            using var content = fixture.Open(bytes, RemotePath.Parse($"/f{i}"));
            await using var reader = content.CreateReader();
            for (var offset = 0; offset < bytes.Length; offset += 1 << 20)
            {
                await ContentFixture.ReadAsync(reader, bytes, offset, 1 << 20);
                Assert.InRange(fixture.Cache.Statistics.MemoryBytes, 0, 1 << 20);
            }
        })));
    }

    [Fact]
    public async Task A_small_file_comes_whole_whatever_is_asked_for()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(100_000);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, 90_000, 100);
        await ContentFixture.ReadAllAsync(reader, bytes, 4096);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task Whatever_is_read_in_whatever_order_by_however_many_is_what_the_server_has()
    {
        var reads = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 1_500_000], Gen.OneOf(Gen.Int[1, 5000], Gen.Int[1, 400_000]), Gen.Bool);
        await Gen.Select(reads.Array[1, 60], Gen.Int[0, 1_400_000], Gen.Int[1, 200_000], Gen.Int[0, 3]).SampleAsync(
            async (operations, size, chunk, failures) =>
            {
                await using var fixture = new ContentFixture(memory: 1 << 20, disk: 1 << 20, streams: 2, timeout: TimeSpan.FromDays(1));
                var bytes = ContentFixture.Bytes(size, seed: size);
                var random = new Random(chunk);
                var left = failures;
                fixture.Remote.Chunk = (_, _) => RandomUpTo(random, chunk);
                fixture.Remote.Fail = (position, opening) =>
                    !opening && position > 0 && RandomUpTo(random, 5) == 1 && Interlocked.Decrement(ref left) >= 0 ? new RemoteException(RemoteError.ServerFailure, "again") : null;
                using var content = fixture.Open(bytes);
                var readers = new[] { content.CreateReader(), content.CreateReader(), content.CreateReader() };
                var ends = new long[3];
                var pending = new List<Task>();
                using var stop = new CancellationTokenSource();
                var clock = AdvanceAsync(fixture, stop.Token);
                foreach (var (who, offset, count, sequential) in operations)
                {
                    var at = sequential ? ends[who] : offset;
                    ends[who] = at + count;
                    pending.Add(Task.Run(() => ContentFixture.ReadAsync(readers[who], bytes, at, count)));
                    if (pending.Count == 4)
                    {
                        await Task.WhenAll(pending);
                        pending.Clear();
                    }

                    Assert.InRange(fixture.Cache.Statistics.MemoryBytes, 0, 1 << 20);
                    Assert.InRange(fixture.Cache.Statistics.DiskBytes, 0, 1 << 20);
                }

                await Task.WhenAll(pending);
                await stop.CancelAsync();
                await clock;
                foreach (var reader in readers)
                    await reader.DisposeAsync();
            },
            iter: 150,
            threads: 1);

        static int RandomUpTo(Random random, int most)
        {
            lock (random)
                return random.Next(most) + 1;
        }

        static async Task AdvanceAsync(ContentFixture fixture, CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
                await Task.Yield();
            }
        }
    }
}
