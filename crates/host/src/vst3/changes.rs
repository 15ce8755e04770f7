//! Parameter changes of a block, as VST3 passes them: one queue of points per parameter.

use std::cell::{Cell, RefCell};
use std::ptr;

use vst3::Steinberg::Vst::{
    IParamValueQueue, IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, ParamID,
};
use vst3::Steinberg::{kInvalidArgument, kResultOk, tresult};
use vst3::{Class, ComWrapper};

/// The points of one parameter.
pub(super) struct Queue {
    id: Cell<ParamID>,
    /// Offset in samples and normalised value, ascending.
    points: RefCell<Vec<(i32, f64)>>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl Queue {
    /// Adds a point in its place; one at the same sample is replaced. Returns its index.
    fn insert(&self, offset: i32, value: f64) -> usize {
        let mut points = self.points.borrow_mut();
        let index = points.partition_point(|point| point.0 < offset);
        match points.get_mut(index) {
            Some(point) if point.0 == offset => point.1 = value,
            _ => points.insert(index, (offset, value)),
        }
        index
    }
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id.get()
    }

    unsafe fn getPointCount(&self) -> i32 {
        self.points.borrow().len() as i32
    }

    unsafe fn getPoint(&self, index: i32, offset: *mut i32, value: *mut f64) -> tresult {
        let point = usize::try_from(index).ok().and_then(|index| self.points.borrow().get(index).copied());
        let Some(point) = point else { return kInvalidArgument };
        if offset.is_null() || value.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: not null, hence places for the answer by the interface.
        unsafe {
            offset.write(point.0);
            value.write(point.1);
        }
        kResultOk
    }

    unsafe fn addPoint(&self, offset: i32, value: f64, index: *mut i32) -> tresult {
        let inserted = self.insert(offset, value);
        if !index.is_null() {
            // SAFETY: not null, hence a place for the answer by the interface.
            unsafe { index.write(inserted as i32) };
        }
        kResultOk
    }
}

/// All queues of a block. Queues are kept for the next block, so that in the long run nothing is allocated.
#[derive(Default)]
pub(super) struct ParameterChanges {
    queues: RefCell<Vec<ComWrapper<Queue>>>,
    /// How many of the queues belong to this block.
    used: Cell<usize>,
}

impl Class for ParameterChanges {
    type Interfaces = (IParameterChanges,);
}

impl ParameterChanges {
    /// Forgets the last block.
    pub(super) fn clear(&self) {
        self.used.set(0);
    }

    /// Adds a point to the parameter's queue.
    pub(super) fn add(&self, id: ParamID, offset: i32, value: f64) {
        let index = self.queue(id);
        if let Some(queue) = self.queues.borrow().get(index) {
            queue.insert(offset, value);
        }
    }

    /// Calls `visit` with every point: id, offset, value.
    pub(super) fn for_each(&self, mut visit: impl FnMut(ParamID, i32, f64)) {
        for queue in &self.queues.borrow()[..self.used.get()] {
            for (offset, value) in queue.points.borrow().iter() {
                visit(queue.id.get(), *offset, *value);
            }
        }
    }

    /// Index of the parameter's queue, which is made if there is none yet.
    fn queue(&self, id: ParamID) -> usize {
        let mut queues = self.queues.borrow_mut();
        let used = self.used.get();
        if let Some(index) = queues[..used].iter().position(|queue| queue.id.get() == id) {
            return index;
        }
        if let Some(queue) = queues.get(used) {
            queue.id.set(id);
            queue.points.borrow_mut().clear();
        } else {
            queues.push(ComWrapper::new(Queue {
                id: Cell::new(id),
                points: RefCell::new(Vec::with_capacity(16)),
            }));
        }
        self.used.set(used + 1);
        used
    }

    /// Lends a queue; the caller does not own a reference, as the interface has it.
    fn pointer(&self, index: usize) -> *mut IParamValueQueue {
        let queues = self.queues.borrow();
        let queue =
            queues[..self.used.get()].get(index).and_then(|queue| queue.as_com_ref::<IParamValueQueue>());
        queue.map_or(ptr::null_mut(), |queue| queue.as_ptr())
    }
}

impl IParameterChangesTrait for ParameterChanges {
    unsafe fn getParameterCount(&self) -> i32 {
        self.used.get() as i32
    }

    unsafe fn getParameterData(&self, index: i32) -> *mut IParamValueQueue {
        usize::try_from(index).map_or(ptr::null_mut(), |index| self.pointer(index))
    }

    unsafe fn addParameterData(&self, id: *const ParamID, index: *mut i32) -> *mut IParamValueQueue {
        if id.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: not null, hence a parameter id by the interface.
        let queue = self.queue(unsafe { id.read() });
        if !index.is_null() {
            // SAFETY: not null, hence a place for the answer by the interface.
            unsafe { index.write(queue as i32) };
        }
        self.pointer(queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(changes: &ParameterChanges) -> Vec<(u32, i32, f64)> {
        let mut all = Vec::new();
        changes.for_each(|id, offset, value| all.push((id, offset, value)));
        all
    }

    #[test]
    fn points_are_ordered_per_parameter_and_the_last_at_a_sample_wins() {
        let changes = ParameterChanges::default();
        changes.add(5, 10, 0.1);
        changes.add(9, 3, 0.9);
        changes.add(5, 2, 0.2);
        changes.add(5, 10, 0.3);
        assert_eq!(points(&changes), [(5, 2, 0.2), (5, 10, 0.3), (9, 3, 0.9)]);
    }

    #[test]
    fn queues_are_used_again_without_the_old_points() {
        let changes = ParameterChanges::default();
        changes.add(5, 10, 0.1);
        changes.clear();
        assert!(points(&changes).is_empty());
        changes.add(6, 1, 0.5);
        assert_eq!(points(&changes), [(6, 1, 0.5)]);
        assert_eq!(changes.queues.borrow().len(), 1);
    }

    #[test]
    fn a_plug_in_reads_and_writes_through_the_interfaces() {
        let changes = ComWrapper::new(ParameterChanges::default());
        let interface = changes.to_com_ptr::<IParameterChanges>().expect("it has the interface");
        let (mut index, mut offset, mut value) = (-1, 0, 0.0);
        // SAFETY: pointers to local variables; the queue lives as long as `changes`.
        unsafe {
            let queue = interface.addParameterData(&7, &mut index);
            let queue = vst3::ComRef::from_raw(queue).expect("a queue");
            assert_eq!((index, queue.getParameterId()), (0, 7));
            assert_eq!(queue.addPoint(4, 0.25, ptr::null_mut()), kResultOk);
            assert_eq!(queue.getPoint(0, &mut offset, &mut value), kResultOk);
            assert_eq!((offset, value), (4, 0.25));
            assert_eq!(queue.getPoint(1, &mut offset, &mut value), kInvalidArgument);
            assert!(interface.getParameterData(1).is_null() && interface.getParameterData(-1).is_null());
        }
        assert_eq!(points(&changes), [(7, 4, 0.25)]);
    }
}
