using CsCheck;
using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>Random operations, done through the virtual file system and on a reference model, which must agree at every step.</summary>
internal static class ModelSteps
{
    private static readonly string[] Names = ["a", "b", ".c"];

    public enum Action
    {
        Create,
        Open,
        Write,
        Append,
        Read,
        Truncate,
        TruncatePath,
        Sync,
        Close,
        MakeDirectory,
        Unlink,
        RemoveDirectory,
        Rename,
        List,
        Stat,
        Copy,
        Expire,
        Forget,
    }

    public readonly record struct Step(Action Action, string Path, string Other, int Handle, int Offset, int Length, int Seed)
    {
        public override string ToString() => $"{Action} {Path} {Other} #{Handle} @{Offset}+{Length}";
    }

    private sealed record Open(VfsHandle Handle, ModelFileSystem.Regular File);

    private static readonly Gen<string> AnyPath = Gen.Int[0, Names.Length - 1].Array[1, 3].Select(parts => string.Concat(parts.Select(p => "/" + Names[p])));

    public static readonly Gen<Step> Any =
        Gen.Select(Gen.Int[0, (int)Action.Forget], AnyPath, AnyPath, Gen.Int[0, 5], Gen.Int[0, 300], Gen.Int[0, 200], Gen.Int[0, 255])
            .Select((action, path, other, handle, offset, length, seed) => new Step((Action)action, path, other, handle, offset, length, seed));

    /// <summary>Does all steps and closes what is open then.</summary>
    /// <returns>What the server must have in the end.</returns>
    public static async Task<SortedDictionary<string, byte[]?>> RunAsync(Mount mount, Step[] steps, bool listsDotNames = true)
    {
        var model = new ModelFileSystem();
        var open = new List<Open>();
        foreach (var step in steps)
            await DoAsync(mount, model, open, step, listsDotNames);
        foreach (var handle in open)
            await mount.CloseWell(handle.Handle);
        Assert.Empty(mount.Vfs.PendingUploads);
        await mount.Vfs.CleanedAsync();
        mount.ForgetAll();
        await mount.Vfs.PrefetchesAsync();
        mount.Vfs.EndWalks();
        Assert.Empty(mount.StagingFiles);
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
        return model.Tree();
    }

    public static void AssertSame(SortedDictionary<string, byte[]?> expected, SortedDictionary<string, byte[]?> actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (path, content) in expected)
            Assert.Equal(content, actual[path]);
    }

    private static async Task DoAsync(Mount mount, ModelFileSystem model, List<Open> open, Step step, bool listsDotNames)
    {
        var parent = model.ParentOf(step.Path);
        var held = open.Count == 0 ? null : open[step.Handle % open.Count];
        switch (step.Action)
        {
            case Action.Create when parent is not null && open.Count < 6:
                await CreateAsync(mount, model, open, step, parent);
                break;
            case Action.Open when model.Find(step.Path) is ModelFileSystem.Regular file && open.Count < 6:
                open.Add(new Open(await mount.Open(step.Path, VfsOpenFlags.Read | VfsOpenFlags.Write), file));
                break;
            case Action.Write when held is not null:
                await WriteAsync(mount, held, step.Offset, step);
                break;
            case Action.Append when held is not null:
                await WriteAsync(mount, held, held.File.Content.Length, step);
                break;
            case Action.Read when held is not null:
                await CompareAsync(mount, held);
                break;
            case Action.Truncate when held is not null:
                held.File.SetLength(step.Offset);
                await TruncateAsync(mount, held, step.Offset);
                break;
            case Action.TruncatePath when model.Find(step.Path) is ModelFileSystem.Regular file:
                file.SetLength(step.Length);
                Assert.Equal(VfsError.None, await mount.SetAttributes(step.Path, new VfsAttributeChange { Size = step.Length }));
                break;
            case Action.Sync when held is not null:
                Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(held.Handle, false, default));
                break;
            case Action.Close when held is not null:
                open.Remove(held);
                await mount.CloseWell(held.Handle);
                break;
            case Action.MakeDirectory when parent is not null:
                Assert.Equal(model.MakeDirectory(step.Path), await mount.MakeDirectory(step.Path));
                break;
            case Action.Unlink when parent is not null:
                Assert.Equal(model.Unlink(step.Path), await mount.Unlink(step.Path));
                break;
            case Action.RemoveDirectory when parent is not null:
                Assert.Equal(model.RemoveDirectory(step.Path), await mount.RemoveDirectory(step.Path));
                break;
            case Action.Rename when parent is not null && model.ParentOf(step.Other) is not null:
                Assert.Equal(model.Rename(step.Path, step.Other), await mount.Rename(step.Path, step.Other));
                break;
            case Action.List when model.Find(step.Path) is ModelFileSystem.Dir directory:
                await ListAsync(mount, directory, step.Path, listsDotNames);
                break;
            case Action.Stat when parent is not null:
                await StatAsync(mount, model, step.Path);
                break;
            case Action.Copy when held is not null && open.Count > 1 && open[^1].File != held.File:
                await CopyAsync(mount, held, open[^1], step);
                break;
            case Action.Expire:
                mount.Pass(TimeSpan.FromMinutes(1));
                break;
            case Action.Forget:
                mount.ForgetAll();
                break;
            default:
                break;
        }
    }

    private static async Task CreateAsync(Mount mount, ModelFileSystem model, List<Open> open, Step step, ModelFileSystem.Dir parent)
    {
        var (node, name) = await mount.Split(step.Path);
        var flags = VfsOpenFlags.Read | VfsOpenFlags.Write | (step.Seed % 3 == 0 ? VfsOpenFlags.Truncate : step.Seed % 3 == 1 ? VfsOpenFlags.Exclusive : 0);
        var created = await mount.Vfs.CreateAsync(node, name, 0x1A4, flags, Mount.Caller, default);
        var present = model.Find(step.Path);
        var expected = present switch
        {
            null => VfsError.None,
            _ when (flags & VfsOpenFlags.Exclusive) != 0 => VfsError.AlreadyExists,
            ModelFileSystem.Dir => VfsError.IsADirectory,
            _ => VfsError.None,
        };
        Assert.Equal(expected, created.Error);
        if (expected != VfsError.None)
            return;
        mount.Vfs.Forget(created.Value.Entry.Node, 1);
        var file = present as ModelFileSystem.Regular ?? new ModelFileSystem.Regular();
        if (present is null)
            parent.Entries.Add(name, file);
        if ((flags & VfsOpenFlags.Truncate) != 0)
            file.SetLength(0);
        open.Add(new Open(created.Value.Open.Handle, file));
    }

    private static async Task WriteAsync(Mount mount, Open held, long offset, Step step)
    {
        var data = new byte[step.Length];
        new Random(step.Seed).NextBytes(data);
        held.File.Write(offset, data);
        Assert.Equal(data.Length, (await mount.Vfs.WriteAsync(held.Handle, offset, data, default)).Value);
    }

    private static async Task TruncateAsync(Mount mount, Open held, long length)
    {
        // By the handle alone, whose name may be gone.
        var reply = await mount.Vfs.SetAttributesAsync(NodeId.None, held.Handle, new VfsAttributeChange { Size = length }, Mount.Caller, default);
        Assert.Equal(VfsError.None, reply.Error);
        Assert.Equal(length, reply.Value.Attributes.Size);
    }

    private static async Task CompareAsync(Mount mount, Open held)
    {
        var buffer = new byte[1000];
        var read = await mount.Vfs.ReadAsync(held.Handle, 0, buffer, default);
        Assert.Equal(VfsError.None, read.Error);
        Assert.Equal(held.File.Content, buffer[..read.Value]);
    }

    private static async Task ListAsync(Mount mount, ModelFileSystem.Dir directory, string path, bool listsDotNames)
    {
        var names = await mount.Names(path);

        // A server that hides such names shows them only as long as they are known here.
        if (listsDotNames)
            Assert.Equal(directory.Entries.Keys, names);
        else
            Assert.Equal(directory.Entries.Keys.Where(n => n[0] != '.'), names.Where(n => n[0] != '.'));
    }

    private static async Task StatAsync(Mount mount, ModelFileSystem model, string path)
    {
        var entry = await mount.Lookup(path);
        var item = model.Find(path);
        Assert.Equal(item is null, entry.Node.IsNone);
        if (item is ModelFileSystem.Regular file)
            Assert.Equal((RemoteKind.File, (long)file.Content.Length), (entry.Attributes.Kind, entry.Attributes.Size));
        else if (item is not null)
            Assert.Equal(RemoteKind.Directory, entry.Attributes.Kind);
    }

    private static async Task CopyAsync(Mount mount, Open source, Open target, Step step)
    {
        var copied = await mount.Vfs.CopyRangeAsync(source.Handle, step.Offset, target.Handle, step.Length, step.Seed, default);
        Assert.Equal(VfsError.None, copied.Error);
        var part = source.File.Content.Skip(step.Offset).Take(step.Seed).ToArray();
        Assert.Equal(part.Length, copied.Value);
        target.File.Write(step.Length, part);
    }
}
